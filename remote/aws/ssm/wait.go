package ssm

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

const (
	firstLook  = 500 * time.Millisecond
	longLook   = 5 * time.Second         // looks grow to this distance
	patience   = 30 * time.Second        // how long the service may know nothing of a command that it accepted, or not answer
	grace      = 30 * time.Second        // what the agent may take to report after both time-outs of a command
	cancelTime = 1500 * time.Millisecond // for cancelling, when the caller's own time is over
	cutMark    = "--output truncated--"
)

// await looks after jobs until each has ended. The SDK has a waiter for this: it looks every two minutes in the end,
// takes Cancelling for a failure, and drops what the script had to say.
func (c Client) await(ctx context.Context, jobs []*job, deadline time.Time) error {
	for _, j := range jobs {
		j.answered = time.Now()
	}
	for distance := cmp.Or(c.First, firstLook); len(jobs) > 0; distance = min(distance*3/2, longLook) {
		if smithytime.SleepWithContext(ctx, jitter(distance)) != nil {
			c.giveUp(ctx, jobs, provider.Cancelled)
			return context.Cause(ctx)
		}
		for _, j := range jobs {
			c.look(ctx, j)
		}
		jobs = slices.DeleteFunc(jobs, func(j *job) bool { return j.ended })
		if lost := slices.IndexFunc(jobs, func(j *job) bool { return j.lost != nil }); lost >= 0 && ctx.Err() == nil {
			err := jobs[lost].lost
			c.giveUp(ctx, jobs, provider.StatusUnknown)
			return err
		}
		if len(jobs) > 0 && time.Now().After(deadline) {
			c.giveUp(ctx, jobs, provider.ExecutionTimedOut)
			return nil
		}
	}
	return nil
}

// look asks how a job does, and fills its result when it has ended.
func (c Client) look(ctx context.Context, j *job) {
	out, err := c.API.GetCommandInvocation(ctx, &sdk.GetCommandInvocationInput{CommandId: aws.String(j.CommandID), InstanceId: aws.String(j.Machine)})
	if err != nil {
		j.missed(err)
		return
	}
	j.answered = time.Now()
	switch out.Status {
	case types.CommandInvocationStatusPending, types.CommandInvocationStatusDelayed:
		return
	case types.CommandInvocationStatusInProgress, types.CommandInvocationStatusCancelling:
		j.began = true
		return
	default:
	}
	j.ended = true
	j.Status = statusOf(out.Status, aws.ToString(out.StatusDetails))
	j.ExitCode = unfold(int(out.ResponseCode))
	j.Stdout, j.Stderr = aws.ToString(out.StandardOutputContent), aws.ToString(out.StandardErrorContent)
	j.Cut = strings.HasSuffix(strings.TrimRight(j.Stdout, "\n"), cutMark)
}

// missed notes a look that gave nothing. A command that was just accepted may be unknown to the service for seconds,
// and throttling, its own faults and broken connections pass, too; what it understood and refused does not.
func (j *job) missed(err error) {
	fault := faults.Of("ssm:GetCommandInvocation", j.Machine, err)
	var unseen *types.InvocationDoesNotExist
	passes := errors.As(err, &unseen) || errors.Is(fault, provider.Unavailable) || errors.Is(fault, provider.Throttled)
	silent := time.Since(j.answered) > patience
	switch {
	case errors.As(err, &unseen) && silent:
		j.ended = true // with provider.StatusUnknown: this machine's own trouble
	case !passes || silent:
		j.lost = fault
	}
}

// giveUp cancels jobs; status is how they are told to have ended. The caller's context may be why, so cancelling does
// not depend on it.
func (c Client) giveUp(ctx context.Context, jobs []*job, status provider.CommandStatus) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	byCommand := map[string][]*job{}
	for _, j := range jobs {
		byCommand[j.CommandID] = append(byCommand[j.CommandID], j)
	}
	for id, jobs := range byCommand {
		err := c.Cancel(ctx, id, machines(jobs)...)
		for _, j := range jobs {
			switch {
			case err != nil:
				j.Status = provider.StillRunning
			case status == provider.ExecutionTimedOut && !j.began:
				j.Status = provider.DeliveryTimedOut
			default:
				j.Status = status
			}
		}
	}
}

// Cancel ends a command on machines, or on all that it was sent to. It asks: an agent may take a while.
func (c Client) Cancel(ctx context.Context, id string, machines ...string) error {
	_, err := c.API.CancelCommand(ctx, &sdk.CancelCommandInput{CommandId: aws.String(id), InstanceIds: machines})
	return faults.Of("ssm:CancelCommand", id, err)
}

// statusOf is how a command ended. The details tell more than the status, and the documentation writes them with and
// without spaces.
func statusOf(status types.CommandInvocationStatus, details string) provider.CommandStatus {
	switch s := provider.CommandStatus(strings.ReplaceAll(details, " ", "")); s {
	case provider.Succeeded, provider.ExecutionTimedOut, provider.DeliveryTimedOut, provider.Undeliverable,
		provider.BatchEnded, provider.AccessDenied, provider.Cancelled, provider.InvalidPlatform:
		return s
	case "Canceled":
		return provider.Cancelled
	default:
	}
	switch status {
	case types.CommandInvocationStatusSuccess:
		return provider.Succeeded
	case types.CommandInvocationStatusTimedOut:
		return provider.ExecutionTimedOut
	case types.CommandInvocationStatusCancelled:
		return provider.Cancelled
	default:
		return provider.Failed
	}
}

// jitter spreads a pause by a fifth to both sides, so that several waits do not ask in step.
func jitter(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5)
}
