#!/bin/bash
[ "$TEST_RUN_NUMBER" -ge 1 ] && [ "$TEST_RUN_NUMBER" -le 3 ]
