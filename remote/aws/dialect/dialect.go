// Package dialect holds the words, hints and scripts of AWS. It is apart from remote/aws so that whoever needs them
// alone, as tests do, does without the SDK.
package dialect

import (
	_ "embed" // scripts and policies are files of their own
	"regexp"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

var (
	//go:embed boot.sh
	boot string
	//go:embed policy.json
	policy string

	instanceID = regexp.MustCompile(`^i-[0-9a-zA-Z-]{3,}$`)
)

// Dialect is that of AWS.
func Dialect() provider.Dialect {
	return provider.Dialect{
		Group: "security group", Profile: "instance profile", Preemptible: "spot",
		AgentAction:   "ssm:DescribeInstanceInformation",
		ImageFlag:     "--ami",
		StoreHint:     "--s3 BUCKET/PREFIX: the program and the results pass through it",
		NetworkHint:   "--subnet subnet-… names one, several with --subnet again; `aws ec2 create-default-vpc` makes a default network",
		ParameterHint: "the machine's role needs ssm:GetParameter on it (and kms:Decrypt for a key of your own), and the machine the aws command",
		MachineHint:   "an instance's id begins with i-",
		MachineID:     instanceID,
		Images:        images,
		Endpoints:     []string{"ssm", "ssmmessages", "ec2messages"},
		Boot:          boot,
		ReadParameter: readParameter,
	}
}

// images are that with Docker and the agent, then one with the agent alone.
func images(architecture string) []string {
	ecs := "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
	if architecture == "arm64" {
		ecs = "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
	}
	return []string{ecs, "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-" + architecture}
}

// readParameter asks the parameter store of the region that the agent's command came from.
const readParameter = `read_parameter() {
	AWS_DEFAULT_REGION="${AWS_SSM_REGION_NAME:-}" aws ssm get-parameter --with-decryption --name "$1" --query Parameter.Value --output text
}
`

// Advice is what helps with faults that AWS's own tools and words are about; "" with others.
func Advice(f provider.Fault) string {
	switch f { //nolint:exhaustive // the others are alike in all clouds
	case provider.Credentials:
		return "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in again (aws sso login); `plimsoll remote doctor` tells what is seen"
	case provider.ProfileNotReady:
		return "`plimsoll remote init` makes an instance profile; --instance-profile names another"
	}
	return ""
}
