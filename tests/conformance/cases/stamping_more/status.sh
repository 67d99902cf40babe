echo "STABLE_NAME a name"
echo "COUNTER $(cat counter.txt)"
echo STABLE_EMPTY
