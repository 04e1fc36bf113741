package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code, message string
		status        int
		want          provider.Fault
	}{
		{"InsufficientInstanceCapacity", "", 500, provider.Capacity},
		{"Server.InsufficientInstanceCapacity", "", 500, provider.Capacity},
		{"Unsupported", "Your requested instance type (t4g.micro) is not supported", 400, provider.Capacity},
		{"SpotMaxPriceTooLow", "", 400, provider.Capacity},
		{"VcpuLimitExceeded", "", 400, provider.Quota},
		{"SecurityGroupLimitExceeded", "", 400, provider.Quota},
		{"UnauthorizedOperation", "", 403, provider.Denied},
		{"AccessDeniedException", "", 400, provider.Denied},
		{"OptInRequired", "", 401, provider.Denied},
		{"Forbidden", "", 403, provider.Denied},
		{"ExpiredTokenException", "", 400, provider.Credentials},
		{"AuthFailure", "", 401, provider.Credentials},
		{"RequestLimitExceeded", "", 503, provider.Throttled},
		{"ThrottlingException", "", 400, provider.Throttled},
		{"SlowDown", "", 503, provider.Throttled},
		{"InvalidGroup.Duplicate", "", 400, provider.Exists},
		{"EntityAlreadyExists", "", 409, provider.Exists},
		{"DependencyViolation", "", 400, provider.InUse},
		{"InvalidInstanceId", "", 400, provider.NoAgent},
		{"InvalidInstanceID.NotFound", "", 400, provider.NotFound},
		{"InvalidAMIID.NotFound", "", 400, provider.NotFound},
		{"ParameterNotFound", "", 400, provider.NotFound},
		{"NoSuchEntity", "", 404, provider.NotFound},
		{"InvalidParameterValue", "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", 400, provider.ProfileNotReady},
		{"InvalidParameterValue", "Invalid value 'x' for InstanceType.", 400, provider.Invalid},
		{"InternalError", "", 500, provider.Unavailable},
		{"SomethingNew", "", 400, provider.Invalid},
		{"SomethingNew", "", 599, provider.Unavailable},
	} {
		sdk := &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: row.status}},
			Err:      &smithy.GenericAPIError{Code: row.code, Message: row.message},
		}
		err := faults.Of("ec2:RunInstances", "t3.micro", fmt.Errorf("operation error: %w", sdk))
		var api *provider.APIError
		if !errors.As(err, &api) || api.Fault != row.want || api.Code != row.code || !errors.Is(err, row.want) || !errors.Is(err, sdk) {
			t.Errorf("%s (%d) is %v, want %s", row.code, row.status, err, row.want)
		}
	}
}

func TestOfWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	if err := faults.Of("ec2:RunInstances", "", nil); err != nil {
		t.Errorf("nil is %v", err)
	}
	for name, row := range map[string]struct{ err, want error }{
		"a broken connection": {errors.New("connection reset by peer"), provider.Unavailable},
		"no credentials":      {fmt.Errorf("get identity: %w", &faults.NoCredentialsError{Err: errors.New("no such profile")}), provider.Credentials},
	} {
		if err := faults.Of("ec2:RunInstances", "", row.err); !errors.Is(err, row.want) || !errors.Is(err, row.err) {
			t.Errorf("%s is %v", name, err)
		}
	}
	var api *provider.APIError
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if err := faults.Of("ec2:RunInstances", "", fmt.Errorf("send: %w", end)); errors.As(err, &api) || !errors.Is(err, end) {
			t.Errorf("%v is %v", end, err)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for want, ids := range map[string][]string{"": nil, "a": {"a"}, "a, b, c": {"a", "b", "c"}, "a, b, c and 2 more": {"a", "b", "c", "d", "e"}} {
		if got := faults.Name(ids...); got != want {
			t.Errorf("%v is named %q, want %q", ids, got, want)
		}
	}
}
