# Asks the program to end its load.
cd "$folder/generator"
kill -TERM "$(cat pid)" 2>/dev/null || true
