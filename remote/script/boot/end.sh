# Ends the machine when its time is over. It runs each minute, and first when
# the machine has booted: a reboot takes the scheduled shutdown away, and keeps
# the file that says until when the machine may live (seconds since 1970), and
# for how many minutes at most, whatever a clock says.
over='' most=''
read -r over most <"$0.until" || true
now=$(date +%s) || now=''
case $most in '' | 0* | *[!0-9]* | ???????*) most=10 ;; esac
left=$most
case $over-$now in
-* | *- | 0* | *[!0-9-]* | ????????????*-* | *-????????????*) ;; # one of them is no time
*) left=$(((over - now + 59) / 60)) ;;
esac
if [ "$left" -le 0 ]; then
	shutdown -h now || systemctl poweroff || systemctl poweroff --force --force || poweroff -f
elif [ ! -e /run/systemd/shutdown/scheduled ]; then
	if [ "$left" -gt "$most" ]; then left=$most; fi
	shutdown -h "+$left"
fi
