package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type parameterOut struct {
	Name     string  `json:"Name"`
	Type     string  `json:"Type"`
	Value    string  `json:"Value"`
	Version  int     `json:"Version"`
	ARN      string  `json:"ARN"`
	DataType string  `json:"DataType"`
	Modified float64 `json:"LastModifiedDate"`
}

func (c *Cloud) parameterOut(r *region, p Parameter, decrypt bool) parameterOut {
	value := p.Value
	if p.Type == "SecureString" && !decrypt {
		value = "AQICAHdouble" // sealed
	}
	return parameterOut{p.Name, p.Type, value, 1, c.arn("ssm", r.name, "parameter"+p.Name), "text", seconds(c.options.Now())}
}

func (c *Cloud) getParameter(r *region, q ask) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	p, ok := r.parameters[in.Name]
	if !ok {
		return nil, refuse("ParameterNotFound", "")
	}
	return map[string]any{"Parameter": c.parameterOut(r, p, in.WithDecryption)}, nil
}

func (c *Cloud) getParameters(r *region, q ask) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	found, missing := []parameterOut{}, []string{}
	for _, n := range in.Names {
		if p, ok := r.parameters[n]; ok {
			found = append(found, c.parameterOut(r, p, in.WithDecryption))
		} else {
			missing = append(missing, n)
		}
	}
	return map[string]any{"Parameters": found, "InvalidParameters": missing}, nil
}

func (c *Cloud) putParameter(r *region, q ask) (any, error) {
	var in struct {
		Name, Type, Value string
		Overwrite         bool
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	if _, there := r.parameters[in.Name]; there && !in.Overwrite {
		return nil, refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	}
	r.parameters[in.Name] = Parameter{Name: in.Name, Type: orElse(in.Type, "String"), Value: in.Value}
	return map[string]any{"Version": 1, "Tier": "Standard"}, nil
}

func (c *Cloud) deleteParameter(r *region, q ask) (any, error) {
	var in struct{ Name string }
	if err := q.into(&in); err != nil {
		return nil, err
	}
	if _, ok := r.parameters[in.Name]; !ok {
		return nil, refuse("ParameterNotFound", "")
	}
	delete(r.parameters, in.Name)
	return map[string]any{}, nil
}

// nodeFilters are those of DescribeInstanceInformation, in their older and newer spelling.
type nodeFilters struct {
	Filters []struct {
		Key    string
		Values []string
	}
	InstanceInformationFilterList []struct {
		Key      string   `json:"key"`
		ValueSet []string `json:"valueSet"`
	}
	NextToken  string
	MaxResults int
}

func (n nodeFilters) filters() (filters, error) {
	var out filters
	for _, f := range n.Filters {
		out = append(out, filter{f.Key, f.Values})
	}
	for _, f := range n.InstanceInformationFilterList {
		out = append(out, filter{f.Key, f.ValueSet})
	}
	for _, f := range out {
		if len(f.values) == 0 {
			return nil, refuse("InvalidInstanceInformationFilterValue", f.name)
		}
		known := []string{"InstanceIds", "PingStatus", "ResourceType", "PlatformTypes"}
		if !slices.Contains(known, f.name) && !strings.HasPrefix(f.name, "tag:") && f.name != "tag-key" {
			return nil, refuse("InvalidFilterKey", f.name)
		}
	}
	return out, nil
}

func (c *Cloud) instanceInformation(r *region, q ask) (any, error) {
	var in nodeFilters
	if err := q.into(&in); err != nil {
		return nil, err
	}
	filters, err := in.filters()
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for _, i := range r.instances {
		ok, err := filters.match(i.Tags, map[string][]string{
			"InstanceIds": {i.ID}, "PingStatus": {i.Ping}, "ResourceType": {"EC2Instance"}, "PlatformTypes": {"Linux"},
		})
		if err != nil {
			return nil, err
		}
		if !ok || i.Ping == "" {
			continue
		}
		list = append(list, map[string]any{
			"InstanceId": i.ID, "PingStatus": i.Ping, "LastPingDateTime": seconds(c.options.Now()), "AgentVersion": "3.3.3050.0", "IsLatestVersion": true,
			"PlatformType": "Linux", "PlatformName": "Amazon Linux", "PlatformVersion": "2023", "ResourceType": "EC2Instance",
			"IPAddress": i.PrivateIP, "ComputerName": "ip-" + strings.ReplaceAll(i.PrivateIP, ".", "-"),
		})
	}
	asForm := form{"NextToken": {in.NextToken}}
	if in.MaxResults > 0 {
		asForm["MaxResults"] = []string{strconv.Itoa(in.MaxResults)}
	}
	return paged(c, asForm, list, func(page []map[string]any, next string) any {
		out := map[string]any{"InstanceInformationList": page}
		if next != "" {
			out["NextToken"] = next
		}
		return out
	})
}

// sendInput is what SendCommand is asked.
type sendInput struct {
	InstanceIds []string
	Targets     []struct {
		Key    string
		Values []string
	}
	DocumentName   string
	Comment        string
	Parameters     map[string][]string
	TimeoutSeconds int
}

func (c *Cloud) sendCommand(r *region, q ask) (any, error) {
	in := sendInput{TimeoutSeconds: 3600}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	nodes, err := in.nodes(r)
	if err != nil {
		return nil, err
	}
	switch {
	case in.DocumentName != "AWS-RunShellScript":
		return nil, refuse("InvalidDocument", "Document with name "+in.DocumentName+" does not exist.")
	case len(in.Parameters["commands"]) == 0:
		return nil, refuse("InvalidParameters", "Parameter \"commands\" requires a value.")
	case in.TimeoutSeconds < 30 || in.TimeoutSeconds > 2592000:
		return nil, refuse("ValidationException", fmt.Sprintf("1 validation error detected: Value '%d' at 'timeoutSeconds' failed to satisfy constraint: "+
			"Member must have value greater than or equal to 30", in.TimeoutSeconds))
	}
	for name := range in.Parameters {
		if !slices.Contains([]string{"commands", "workingDirectory", "executionTimeout"}, name) {
			return nil, refuse("InvalidParameters", "Unknown parameter "+name)
		}
	}
	id := c.uuid()
	for _, i := range nodes {
		c.deliver(r, newCommand(c, id, i, in))
	}
	return map[string]any{"Command": c.commandOut(r, id, in)}, nil
}

// nodes are the instances that a command is for: named by id, where each must be registered, or found by tags.
func (in sendInput) nodes(r *region) ([]*Instance, error) {
	if len(in.InstanceIds) > 50 {
		return nil, refuse("ValidationException", "1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	if len(in.InstanceIds) == 0 && len(in.Targets) == 0 {
		return nil, refuse("InvalidInstanceId", "No instances in the request")
	}
	var out []*Instance
	for _, id := range in.InstanceIds {
		i := r.instance(id)
		if i == nil || i.Ping == "" || i.State != running {
			return nil, refuse("InvalidInstanceId", "Instances [["+id+"]] not in a valid state for account "+r.cloud.options.Account)
		}
		out = append(out, i)
	}
	var fs filters
	for _, t := range in.Targets {
		fs = append(fs, filter{t.Key, t.Values})
	}
	for _, i := range r.instances {
		if len(fs) == 0 || i.Ping == "" || i.State != running {
			continue
		}
		ok, err := fs.match(i.Tags, map[string][]string{"InstanceIds": {i.ID}})
		if err != nil {
			return nil, refuse("InvalidTarget", err.Error())
		}
		if ok {
			out = append(out, i)
		}
	}
	return out, nil
}

// commandOut is a command as a whole, over all its instances.
func (c *Cloud) commandOut(r *region, id string, in sendInput) map[string]any {
	counts := map[string]int{}
	for _, m := range r.commands {
		if m.ID == id {
			counts[m.Status]++
		}
	}
	status := "Pending"
	total := 0
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		total += counts[s]
		status = s
	}
	if counts["InProgress"]+counts["Pending"] > 0 && len(counts) > 1 {
		status = "InProgress"
	}
	return map[string]any{
		"CommandId": id, "DocumentName": in.DocumentName, "Comment": in.Comment, "Parameters": in.Parameters, "InstanceIds": in.InstanceIds,
		"Status": status, "StatusDetails": status, "TargetCount": total, "CompletedCount": counts["Success"], "RequestedDateTime": seconds(c.options.Now()),
		"TimeoutSeconds": in.TimeoutSeconds,
	}
}
