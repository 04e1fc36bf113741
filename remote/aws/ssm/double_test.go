package ssm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// agents is a double of the service behind the SDK's methods, on the bubble's clock.
type agents struct {
	mu       sync.Mutex
	online   map[string]bool // registered machines; nil: all are
	unseen   time.Duration   // how long a command is unknown after it was accepted
	takes    time.Duration   // how long a command is Pending, then as long InProgress
	answer   func(machine, script string) answer
	lookErr  func(n int) error // of the n-th look
	sendErr  error
	noCancel error

	sent      []*sdk.SendCommandInput
	accepted  []time.Time
	ended     []map[string]answer // by command, then machine
	looks     []time.Time
	cancelled []*sdk.CancelCommandInput
}

type answer struct {
	status  types.CommandInvocationStatus
	details string
	code    int32
	out     string
	err     string
}

var fine = answer{status: types.CommandInvocationStatusSuccess, details: "Success", out: "done\n"}

func (a *agents) SendCommand(_ context.Context, in *sdk.SendCommandInput, _ ...func(*sdk.Options)) (*sdk.SendCommandOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sendErr != nil {
		return nil, a.sendErr
	}
	a.sent = append(a.sent, in)
	results := map[string]answer{}
	for _, machine := range in.InstanceIds {
		if a.online != nil && !a.online[machine] {
			a.sent = a.sent[:len(a.sent)-1]
			return nil, &types.InvalidInstanceId{Message: aws.String("Instances not in a valid state for account")}
		}
		results[machine] = fine
		if a.answer != nil {
			results[machine] = a.answer(machine, in.Parameters["commands"][0])
		}
	}
	a.accepted = append(a.accepted, time.Now())
	a.ended = append(a.ended, results)
	return &sdk.SendCommandOutput{Command: &types.Command{CommandId: aws.String(fmt.Sprintf("c-%d", len(a.sent)))}}, nil
}

func (a *agents) GetCommandInvocation(ctx context.Context, in *sdk.GetCommandInvocationInput, _ ...func(*sdk.Options)) (*sdk.GetCommandInvocationOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks = append(a.looks, time.Now())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if a.lookErr != nil {
		if err := a.lookErr(len(a.looks)); err != nil {
			return nil, err
		}
	}
	var n int
	if _, err := fmt.Sscanf(*in.CommandId, "c-%d", &n); err != nil {
		return nil, err
	}
	age := time.Since(a.accepted[n-1])
	out := &sdk.GetCommandInvocationOutput{CommandId: in.CommandId, InstanceId: in.InstanceId, ResponseCode: -1}
	switch got := a.ended[n-1][*in.InstanceId]; {
	case age < a.unseen:
		return nil, &types.InvocationDoesNotExist{}
	case age < a.takes:
		out.Status, out.StatusDetails = types.CommandInvocationStatusPending, aws.String("Pending")
	case age < 2*a.takes:
		out.Status, out.StatusDetails = types.CommandInvocationStatusInProgress, aws.String("InProgress")
	default:
		out.Status, out.StatusDetails, out.ResponseCode = got.status, aws.String(got.details), got.code
		out.StandardOutputContent, out.StandardErrorContent = aws.String(got.out), aws.String(got.err)
	}
	return out, nil
}

func (a *agents) CancelCommand(ctx context.Context, in *sdk.CancelCommandInput, _ ...func(*sdk.Options)) (*sdk.CancelCommandOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.cancelled = append(a.cancelled, in)
	return &sdk.CancelCommandOutput{}, a.noCancel
}

func (a *agents) DescribeInstanceInformation(_ context.Context, in *sdk.DescribeInstanceInformationInput, _ ...func(*sdk.Options)) (*sdk.DescribeInstanceInformationOutput, error) {
	const page = 20
	ids := slices.DeleteFunc(slices.Clone(in.Filters[0].Values), func(id string) bool { _, known := a.online[id]; return a.online != nil && !known })
	start := 0
	if in.NextToken != nil {
		fmt.Sscan(*in.NextToken, &start)
	}
	out := &sdk.DescribeInstanceInformationOutput{}
	for _, id := range ids[start:min(start+page, len(ids))] {
		ping := types.PingStatusOnline
		if a.online != nil && !a.online[id] {
			ping = types.PingStatusConnectionLost
		}
		out.InstanceInformationList = append(out.InstanceInformationList, types.InstanceInformation{
			InstanceId: aws.String(id), PingStatus: ping, AgentVersion: aws.String("3.3.987.0"), LastPingDateTime: aws.Time(time.Now()),
		})
	}
	if start+page < len(ids) {
		out.NextToken = aws.String(fmt.Sprint(start + page))
	}
	return out, nil
}

// shell answers by really running the script, as the agent does: sh, its own folder for temporary files, and its cuts.
func shell(t *testing.T) func(machine, script string) answer {
	t.Helper()
	for _, tool := range []string{"sh", "gzip", "sha256sum", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("a machine of ours has %s: %v", tool, err)
		}
	}
	return func(_, script string) answer {
		var out, errs bytes.Buffer
		cmd := exec.Command("sh", "-c", script)
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		got := fine
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			got.status, got.details, got.code = types.CommandInvocationStatusFailed, "Failed", int32(exit.ExitCode())
		case err != nil:
			t.Errorf("sh: %v", err)
		}
		got.out, got.err = cut(out.String(), provider.StdoutLimit), cut(errs.String(), provider.StderrLimit)
		return got
	}
}

func cut(s string, limit int) string {
	const mark = "--output truncated--"
	if len(s) < limit {
		return s
	}
	return s[:limit-len(mark)] + mark
}

func machineNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("i-%03d", i)
	}
	return names
}

// refused is an answer that the service will not change.
var refused = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: ssm:GetCommandInvocation", Fault: smithy.FaultClient}

func keys(m map[string]provider.Agent) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}
