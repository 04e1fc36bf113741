# Watches the machine and the service's container with what every Linux has,
# and writes the columns that Glances 4.5.8 writes, for where it cannot run.
mkdir -p "$folder"
if [ -f "$folder/sampler.pid" ]; then
	kill "$(cat "$folder/sampler.pid")" 2>/dev/null || true
fi
cat >"$folder/sampler-loop.sh" <<'LOOP'
service=$1 out=$2 interval=$3 count=$4
cores=$(grep -c '^processor' /proc/cpuinfo)
c="containers.$service"
echo "timestamp,$c.key,$c.name,$c.status,$c.cpu_percent,$c.cpu_limit,$c.memory_usage,$c.memory_inactive_file,$c.memory_limit,$c.engine,mem.total,mem.available,cpu.total,cpu.user,cpu.system,cpu.iowait,cpu.steal,cpu.cpucore" >"$out"
tenths() { # of a percent, as a number with one place
	echo "$(($1 / 10)).$(($1 % 10))"
}
container() { # sets usage (µs), memory, inactive, limit (bytes) and quota (cores)
	usage='' memory='' inactive='' limit='' quota=''
	pid=$(docker inspect --format '{{.State.Pid}}' "$service" 2>/dev/null) || return 0
	if [ "${pid:-0}" -le 0 ]; then return 0; fi
	if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
		at=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		usage=$(sed -n 's/^usage_usec //p' "$at/cpu.stat")
		memory=$(cat "$at/memory.current")
		limit=$(cat "$at/memory.max")
		inactive=$(sed -n 's/^inactive_file //p' "$at/memory.stat")
		quota=$(awk '$1 != "max" { printf "%.3f", $1 / $2 }' "$at/cpu.max")
	else
		at=$(sed -n 's/^[0-9]*:[^:]*cpuacct[^:]*://p' "/proc/$pid/cgroup")
		usage=$(($(cat "/sys/fs/cgroup/cpuacct$at/cpuacct.usage") / 1000))
		quota=$(awk 'NR == 1 { q = $1 } NR == 2 && q > 0 { printf "%.3f", q / $1 }' \
			"/sys/fs/cgroup/cpu$at/cpu.cfs_quota_us" "/sys/fs/cgroup/cpu$at/cpu.cfs_period_us")
		at=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
		memory=$(cat "$at/memory.usage_in_bytes")
		limit=$(cat "$at/memory.limit_in_bytes")
		inactive=$(sed -n 's/^total_inactive_file //p' "$at/memory.stat")
	fi
}
ticks() { # the machine's counters: user, nice, system, idle, iowait, irq, softirq, steal
	sed -n 's/^cpu  *//p' /proc/stat
}
before=''
n=0
while [ "$n" -lt "$count" ]; do
	n=$((n + 1))
	now=$(ticks)
	at_us=$(($(date +%s%N) / 1000))
	container 2>/dev/null
	total_memory=$(awk '/^MemTotal:/ { print $2 * 1024 }' /proc/meminfo)
	free_memory=$(awk '/^MemAvailable:/ { print $2 * 1024 }' /proc/meminfo)
	if [ "$limit" = max ] || [ "${#limit}" -gt 15 ]; then limit=$total_memory; fi
	if [ -n "$before" ]; then
		host=$(echo "$before|$now" | awk -F'|' '{
			split($1, x, " "); split($2, y, " ")
			for (i = 1; i <= 8; i++) { d[i] = y[i] - x[i]; sum += d[i] }
			if (sum <= 0) sum = 1
			printf "%.1f,%.1f,%.1f,%.1f,%.1f", 100 * (sum - d[4] - d[5]) / sum, 100 * d[1] / sum, 100 * d[3] / sum, 100 * d[5] / sum, 100 * d[8] / sum
		}')
		share=''
		if [ -n "$usage" ] && [ -n "$used_before" ] && [ "$at_us" -gt "$at_before" ]; then
			share=$(tenths $(((usage - used_before) * 1000 / (at_us - at_before))))
		fi
		name=$service key=name status=running engine=docker
		if [ -z "$usage" ]; then name='' key='' status='' engine=''; fi
		echo "$(date -u '+%Y-%m-%d %H:%M:%S'),$key,$name,$status,$share,${quota:-$cores.0},$memory,$inactive,$limit,$engine,$total_memory,$free_memory,$host,$cores" >>"$out"
	fi
	before=$now used_before=$usage at_before=$at_us
	sleep "$interval"
done
LOOP
nohup sh "$folder/sampler-loop.sh" "$service" "$folder/glances.csv" "$interval" "$count" >/dev/null 2>&1 </dev/null &
echo "$!" >"$folder/sampler.pid"
