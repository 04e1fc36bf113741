# Tells whether Glances still watches: "runs"; "deaf", when it writes and does
# not answer any more; or "gone" with its exit code.
if ! state=$(docker inspect --format '{{.State.Running}} {{.State.ExitCode}}' "$name" 2>&1); then
	case $state in
	*[Nn]o\ such*) state='false -1' ;;
	*) # docker did not answer, which says nothing of Glances
		echo "$state" >&2
		exit 44
		;;
	esac
fi
if [ "${state% *}" != true ]; then
	echo "gone ${state#* }"
elif [ -e "$folder/glances-deaf" ]; then
	echo deaf
else
	echo runs
fi
