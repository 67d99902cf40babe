#!/bin/bash
[ "$(cat pkg/data.txt)" = data ] && [ "$(cat pkg/tree/one)" = 1 ] && [ -x pkg/files_test ] && [ -e ../_repo_mapping ] && [ ! -e pkg/BUILD ]
