package aws

import "strings"

// preempted says by the reason of an instance's last change that EC2 wanted a spot instance back:
// "Server.SpotInstanceTermination: …" and "Server.SpotInstanceShutdown: …".
func preempted(reason string) bool { return strings.Contains(reason, "SpotInstance") }
