#!/bin/bash
echo this goes wrong
exit 7
