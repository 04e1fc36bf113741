package fakeaws

import "slices"

// invocation is what GetCommandInvocation tells.
type invocation struct {
	CommandID  string `json:"CommandId"`
	InstanceID string `json:"InstanceId"`
	Comment    string
	Document   string `json:"DocumentName"`
	Plugin     string `json:"PluginName"`
	Exit       int    `json:"ResponseCode"`
	Started    string `json:"ExecutionStartDateTime"`
	Elapsed    string `json:"ExecutionElapsedTime"`
	Ended      string `json:"ExecutionEndDateTime"`
	Status     string
	Details    string `json:"StatusDetails"`
	Stdout     string `json:"StandardOutputContent"`
	StdoutURL  string `json:"StandardOutputUrl"`
	Stderr     string `json:"StandardErrorContent"`
	StderrURL  string `json:"StandardErrorUrl"`
}

func (c *Cloud) getInvocation(r *region, q ask) (any, error) {
	var in struct{ CommandId, InstanceId, PluginName string }
	if err := q.into(&in); err != nil {
		return nil, err
	}
	if in.PluginName != "" && in.PluginName != "aws:runShellScript" {
		return nil, refuse("InvalidPluginName", "The plugin name is not valid.")
	}
	for _, m := range r.commands {
		if m.ID != in.CommandId || m.Instance != in.InstanceId || !c.visible(m.Sent) {
			continue
		}
		out := invocation{
			CommandID: m.ID, InstanceID: m.Instance, Comment: m.comment, Document: "AWS-RunShellScript", Plugin: "aws:runShellScript",
			Exit: m.Exit, Status: m.Status, Details: m.Details, Stdout: m.Stdout, Stderr: m.Stderr,
		}
		if !m.started.IsZero() {
			out.Started = stamp(m.started)
		}
		if m.final && m.outcome != nil {
			out.Ended = stamp(m.over())
			out.Elapsed = "PT" + m.over().Sub(m.started).String()
		}
		return out, nil
	}
	return nil, refuse("InvocationDoesNotExist", "")
}

func (c *Cloud) listInvocations(r *region, q ask) (any, error) {
	var in struct {
		CommandId, InstanceId string
		Details               bool
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for _, m := range r.commands {
		if in.CommandId != "" && m.ID != in.CommandId || in.InstanceId != "" && m.Instance != in.InstanceId || !c.visible(m.Sent) {
			continue
		}
		x := map[string]any{
			"CommandId": m.ID, "InstanceId": m.Instance, "Comment": m.comment, "DocumentName": "AWS-RunShellScript",
			"RequestedDateTime": seconds(m.Sent), "Status": m.Status, "StatusDetails": m.Details, "CommandPlugins": []map[string]any{},
		}
		if in.Details {
			output := m.Stdout
			if m.Stderr != "" {
				output += "\n----------ERROR-------\n" + m.Stderr
			}
			x["CommandPlugins"] = []map[string]any{{
				"Name": "aws:runShellScript", "Status": m.Status, "StatusDetails": m.Details, "ResponseCode": m.Exit, "Output": cut(output, maxListed),
			}}
		}
		list = append(list, x)
	}
	return map[string]any{"CommandInvocations": list}, nil
}

func (c *Cloud) listCommands(r *region, q ask) (any, error) {
	var in struct{ CommandId string }
	if err := q.into(&in); err != nil {
		return nil, err
	}
	list, seen := []map[string]any{}, []string{}
	for _, m := range r.commands {
		if slices.Contains(seen, m.ID) || in.CommandId != "" && m.ID != in.CommandId {
			continue
		}
		seen = append(seen, m.ID)
		list = append(list, c.commandOut(r, m.ID, sendInput{DocumentName: "AWS-RunShellScript", Comment: m.comment}))
	}
	return map[string]any{"Commands": list}, nil
}

func (c *Cloud) cancelCommand(r *region, q ask) (any, error) {
	var in struct {
		CommandId   string
		InstanceIds []string
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	found := false
	for _, m := range r.commands {
		if m.ID != in.CommandId {
			continue
		}
		found = true
		if m.final || len(in.InstanceIds) > 0 && !slices.Contains(in.InstanceIds, m.Instance) {
			continue
		}
		if m.cancel != nil {
			m.cancel()
		}
		m.conclude("Cancelled", "Cancelled", noExit)
	}
	if !found {
		return nil, refuse("InvalidCommandId", "")
	}
	return map[string]any{}, nil
}
