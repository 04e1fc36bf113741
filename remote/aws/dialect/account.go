package dialect

import (
	"fmt"
	"strings"
)

const (
	// Trust says who may take the role of a machine: the machine.
	Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	// CorePolicy lets a machine's agent take commands, and nothing else.
	CorePolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
)

// Policy is the least that who runs a test needs, as JSON.
func Policy() string { return policy }

// ProfileCommands are the commands that make the instance profile of a name, and its role, with a tag, for who may not do it with these credentials.
func ProfileCommands(name, tag string) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "aws iam create-role --role-name %s --tags Key=%s,Value=true --assume-role-policy-document '%s'\n", name, tag, Trust)
	fmt.Fprintf(b, "aws iam attach-role-policy --role-name %s --policy-arn %s\n", name, CorePolicy)
	fmt.Fprintf(b, "aws iam create-instance-profile --instance-profile-name %s\n", name)
	fmt.Fprintf(b, "aws iam add-role-to-instance-profile --instance-profile-name %s --role-name %s\n", name, name)
	return b.String()
}
