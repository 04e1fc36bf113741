package aws

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// tagList is sorted, so that the same launch is the same request: its token is refused with another.
func tagList(tags provider.Tags) []types.Tag {
	all := make([]types.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return all
}

func tagsOf(list []types.Tag) provider.Tags {
	tags := make(provider.Tags, len(list))
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

// perFilter is how many values EC2 takes in one filter.
const perFilter = 200

// filtersOf turns a query into the filters of one or, with many ids, several calls. With ids that are an empty list
// rather than none, there is nothing to ask.
func filtersOf(idFilter string, q provider.Query) [][]types.Filter {
	var common []types.Filter
	for _, k := range slices.Sorted(maps.Keys(q.Tags)) {
		f := filter("tag:"+k, q.Tags[k])
		if q.Tags[k] == "" {
			f.Values = []string{"*"}
		}
		common = append(common, f)
	}
	if q.Name != "" {
		common = append(common, filter("group-name", q.Name))
	}
	if q.IDs == nil {
		return [][]types.Filter{common}
	}
	var all [][]types.Filter
	for ids := range slices.Chunk(q.IDs, perFilter) {
		all = append(all, append([]types.Filter{filter(idFilter, ids...)}, common...))
	}
	return all
}
