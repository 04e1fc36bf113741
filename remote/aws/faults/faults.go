// Package faults turns what the SDK returns into remote's typed errors: which action failed, on what, and which kind of
// failure it is. The codes are those of the services' API references; one that is not listed is judged by whose fault
// the service says it is.
package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// Of makes a *provider.APIError of what the SDK returned for an action ("ec2:RunInstances") on a resource, which may be
// empty. nil stays nil; what a context ended stays the context's error.
func Of(action, resource string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", action, err)
	}
	f := &provider.APIError{Fault: provider.Unavailable, Action: action, Resource: resource, Err: err}
	var api smithy.APIError
	var none *NoCredentialsError
	switch {
	case errors.As(err, &none):
		f.Fault, f.Message = provider.Credentials, none.Error()
	case errors.As(err, &api):
		f.Code, f.Message = api.ErrorCode(), readable(api.ErrorMessage())
		f.Fault = kind(api, status(err))
	}
	f.Advice = dialect.Advice(f.Fault)
	return f
}

// NoCredentialsError is a chain of credentials that gave none. Whoever configures the SDK wraps the chain's errors in
// it, because the SDK gives them no type.
type NoCredentialsError struct{ Err error }

func (e *NoCredentialsError) Error() string { return "no usable credentials: " + e.Err.Error() }
func (e *NoCredentialsError) Unwrap() error { return e.Err }

// Name is a resource for a message, of any number of ids.
func Name(ids ...string) string {
	const told = 3
	if len(ids) > told {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:told], ", "), len(ids)-told)
	}
	return strings.Join(ids, ", ")
}

// byCode are the codes that say more than whose fault it is.
func byCode(code string) (provider.Fault, bool) {
	switch code {
	case "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity",
		"InsufficientCapacity", "InsufficientFreeAddressesInSubnet", "SpotMaxPriceTooLow", "Unsupported":
		return provider.Capacity, true
	case "VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "SecurityGroupLimitExceeded",
		"VolumeLimitExceeded", "LimitExceeded", "LimitExceededException", "ResourceLimitExceeded", "RulesPerSecurityGroupLimitExceeded":
		return provider.Quota, true
	case "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "OptInRequired", "UnauthorizedAccess", "Blocked":
		return provider.Denied, true
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "AuthFailure", "InvalidClientTokenId", "InvalidAccessKeyId",
		"UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "IncompleteSignature", "InvalidToken":
		return provider.Credentials, true
	case "InvalidGroup.Duplicate", "EntityAlreadyExists", "EntityAlreadyExistsException":
		return provider.Exists, true
	case "DependencyViolation", "InvalidGroup.InUse", "DeleteConflict", "DeleteConflictException":
		return provider.InUse, true
	case "InvalidInstanceId", "TargetNotConnected":
		return provider.NoAgent, true
	case "ParameterNotFound", "InvalidAMIID.Unavailable", "InvalidInstanceType", "NoSuchKey", "NoSuchBucket", "NoSuchEntity",
		"NoSuchEntityException", "NotFound", "VPCIdNotSpecified", "DefaultVpcDoesNotExist", "NoSuchResourceException":
		return provider.NotFound, true
	}
	return "", false
}

func kind(api smithy.APIError, status int) provider.Fault {
	code := strings.TrimPrefix(strings.TrimPrefix(api.ErrorCode(), "Client."), "Server.")
	fault, known := byCode(code)
	_, throttle := retry.DefaultThrottleErrorCodes[code]
	switch {
	case known:
		return fault
	case throttle:
		return provider.Throttled
	case code == "InvalidParameterValue" && strings.Contains(api.ErrorMessage(), "IAM Instance Profile"):
		return provider.ProfileNotReady // a name that never was and one that was just made are told alike
	case strings.HasSuffix(code, ".NotFound"):
		return provider.NotFound
	case api.ErrorFault() == smithy.FaultServer, status >= http.StatusInternalServerError:
		return provider.Unavailable
	case status == http.StatusForbidden:
		return provider.Denied
	}
	return provider.Invalid
}

// status is that of the answer, 0 if there was none.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		return answer.HTTPStatusCode()
	}
	return 0
}

// readable drops the encoded part of a refusal, hundreds of characters that only another call can read.
func readable(message string) string {
	message, _, _ = strings.Cut(message, " Encoded authorization failure message:")
	return strings.TrimSpace(message)
}
