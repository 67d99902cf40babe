#!/bin/bash
touch "$TEST_SHARD_STATUS_FILE"
[ "$TEST_TOTAL_SHARDS" = 3 ] && [ "$TEST_SHARD_INDEX" -lt 3 ]
