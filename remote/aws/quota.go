package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// VCPUs implements provider.Quotas.
func (c catalogue) VCPUs(ctx context.Context, machineType string) (int, error) {
	const action = "servicequotas:GetServiceQuota"
	code := quotaCode(machineType)
	if code == "" {
		return 0, refused(provider.NotFound, action, machineType, "the quota of this family is not known to us")
	}
	out, err := c.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("ec2"), QuotaCode: aws.String(code)})
	if err != nil {
		return 0, faults.Of(action, machineType, err)
	}
	if out.Quota == nil || out.Quota.Value == nil {
		return 0, refused(provider.NotFound, action, machineType, "the service told no value")
	}
	return int(*out.Quota.Value), nil
}

// quotaCode is the quota of running on-demand machines, in virtual CPUs, that a type counts against; empty where we
// do not know it.
func quotaCode(machineType string) string {
	digit := strings.IndexFunc(machineType, func(r rune) bool { return r < 'a' || r > 'z' })
	switch machineType[:max(digit, 0)] { // the letters before the generation: c of c7gn.large
	case "a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z":
		return "L-1216C47A" // Running On-Demand Standard instances
	case "f":
		return "L-74FC7D96"
	case "g", "gr", "vt":
		return "L-DB2E81BA"
	case "inf":
		return "L-1945791B"
	case "p":
		return "L-417A185B"
	case "x":
		return "L-7295265B"
	}
	return ""
}
