package fakeaws

import "maps"

// table is every action that the double knows, by the service's name in a signature.
func (c *Cloud) table() map[string]handler {
	all := c.machineTable()
	maps.Copy(all, c.accountTable())
	return all
}

// machineTable is EC2.
func (c *Cloud) machineTable() map[string]handler {
	return map[string]handler{
		"ec2:RunInstances":              c.runInstances,
		"ec2:DescribeInstances":         c.describeInstances,
		"ec2:DescribeInstanceStatus":    c.describeInstanceStatus,
		"ec2:DescribeInstanceAttribute": c.instanceAttribute,
		"ec2:TerminateInstances":        c.terminateInstances,
		"ec2:StopInstances":             c.stopInstances,
		"ec2:RebootInstances":           c.rebootInstances,
		"ec2:GetConsoleOutput":          c.consoleOutput,

		"ec2:CreateSecurityGroup":           c.createSecurityGroup,
		"ec2:DeleteSecurityGroup":           c.deleteSecurityGroup,
		"ec2:DescribeSecurityGroups":        c.describeSecurityGroups,
		"ec2:AuthorizeSecurityGroupIngress": c.authorizeIngress,
		"ec2:RevokeSecurityGroupIngress":    c.revokeIngress,

		"ec2:DescribeInstanceTypes":                c.describeInstanceTypes,
		"ec2:DescribeInstanceTypeOfferings":        c.describeOfferings,
		"ec2:DescribeImages":                       c.describeImages,
		"ec2:DescribeVpcs":                         c.describeVpcs,
		"ec2:DescribeSubnets":                      c.describeSubnets,
		"ec2:DescribeVpcEndpoints":                 c.describeEndpoints,
		"ec2:DescribeAvailabilityZones":            c.describeZones,
		"ec2:DescribeRegions":                      c.describeRegions,
		"ec2:DescribeVolumes":                      c.describeVolumes,
		"ec2:DeleteVolume":                         c.deleteVolume,
		"ec2:DescribeNetworkInterfaces":            c.describeInterfaces,
		"ec2:DescribeKeyPairs":                     c.describeKeyPairs,
		"ec2:DescribeSpotPriceHistory":             c.spotPrices,
		"ec2:DescribeInstanceCreditSpecifications": c.credits,
		"ec2:CreateTags":                           c.createTags,
		"ec2:DeleteTags":                           c.deleteTags,
		"ec2:DescribeTags":                         c.describeTags,
	}
}

// accountTable is everything else.
func (c *Cloud) accountTable() map[string]handler {
	return map[string]handler{
		"sts:GetCallerIdentity":          c.callerIdentity,
		"sts:DecodeAuthorizationMessage": c.decodeMessage,

		"ssm:GetParameter":                c.getParameter,
		"ssm:GetParameters":               c.getParameters,
		"ssm:PutParameter":                c.putParameter,
		"ssm:DeleteParameter":             c.deleteParameter,
		"ssm:DescribeInstanceInformation": c.instanceInformation,
		"ssm:SendCommand":                 c.sendCommand,
		"ssm:GetCommandInvocation":        c.getInvocation,
		"ssm:ListCommandInvocations":      c.listInvocations,
		"ssm:ListCommands":                c.listCommands,
		"ssm:CancelCommand":               c.cancelCommand,

		"iam:CreateRole":                    c.createRole,
		"iam:GetRole":                       c.getRole,
		"iam:DeleteRole":                    c.deleteRole,
		"iam:AttachRolePolicy":              c.attachPolicy,
		"iam:DetachRolePolicy":              c.detachPolicy,
		"iam:ListAttachedRolePolicies":      c.attachedPolicies,
		"iam:PutRolePolicy":                 c.putPolicy,
		"iam:DeleteRolePolicy":              c.deletePolicy,
		"iam:CreateInstanceProfile":         c.createProfile,
		"iam:GetInstanceProfile":            c.getProfile,
		"iam:DeleteInstanceProfile":         c.deleteProfile,
		"iam:AddRoleToInstanceProfile":      c.addRole,
		"iam:RemoveRoleFromInstanceProfile": c.removeRole,

		"pricing:GetProducts":           c.getProducts,
		"servicequotas:GetServiceQuota": c.getQuota,
	}
}
