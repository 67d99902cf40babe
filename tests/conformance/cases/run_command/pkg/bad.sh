#!/bin/bash
echo "stopped by itself"
exit 5
