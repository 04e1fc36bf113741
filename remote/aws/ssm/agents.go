package ssm

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// perDescribe is how many ids are asked for at once, and how many agents a page has.
const perDescribe = 50

// Agents implements provider.Commands.
func (c Client) Agents(ctx context.Context, ids []string) (map[string]provider.Agent, error) {
	agents := make(map[string]provider.Agent, len(ids))
	for part := range slices.Chunk(ids, perDescribe) {
		in := &sdk.DescribeInstanceInformationInput{
			Filters:    []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: part}},
			MaxResults: aws.Int32(perDescribe),
		}
		pages := sdk.NewDescribeInstanceInformationPaginator(c.API, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, faults.Of("ssm:DescribeInstanceInformation", faults.Name(part...), err)
			}
			for _, info := range page.InstanceInformationList {
				agents[aws.ToString(info.InstanceId)] = provider.Agent{
					Ping:    string(info.PingStatus),
					Version: aws.ToString(info.AgentVersion),
					Seen:    aws.ToTime(info.LastPingDateTime),
				}
			}
		}
	}
	return agents, nil
}
