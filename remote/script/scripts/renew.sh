# Puts the machine's own end further off. Nothing is taken back before: the
# file is replaced at once, and so is the scheduled shutdown by a new one. What
# ends the machine where this is cut short is in the boot folder's end.sh.
end=$(($(date +%s) + minutes * 60))
mkdir -p "$folder"
echo "$end $minutes" >"$folder/end.until.new"
mv "$folder/end.until.new" "$folder/end.until"
shutdown -h "+$minutes" >/dev/null 2>&1
