package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code, message string
		status        int
		want          remote.Fault
	}{
		{"InsufficientInstanceCapacity", "", 500, remote.Capacity},
		{"Server.InsufficientInstanceCapacity", "", 500, remote.Capacity},
		{"Unsupported", "Your requested instance type (t4g.micro) is not supported", 400, remote.Capacity},
		{"SpotMaxPriceTooLow", "", 400, remote.Capacity},
		{"VcpuLimitExceeded", "", 400, remote.Quota},
		{"SecurityGroupLimitExceeded", "", 400, remote.Quota},
		{"UnauthorizedOperation", "", 403, remote.Denied},
		{"AccessDeniedException", "", 400, remote.Denied},
		{"OptInRequired", "", 401, remote.Denied},
		{"Forbidden", "", 403, remote.Denied},
		{"ExpiredTokenException", "", 400, remote.Credentials},
		{"AuthFailure", "", 401, remote.Credentials},
		{"RequestLimitExceeded", "", 503, remote.Throttled},
		{"ThrottlingException", "", 400, remote.Throttled},
		{"SlowDown", "", 503, remote.Throttled},
		{"InvalidGroup.Duplicate", "", 400, remote.Exists},
		{"EntityAlreadyExists", "", 409, remote.Exists},
		{"DependencyViolation", "", 400, remote.InUse},
		{"InvalidInstanceId", "", 400, remote.NoAgent},
		{"InvalidInstanceID.NotFound", "", 400, remote.NotFound},
		{"InvalidAMIID.NotFound", "", 400, remote.NotFound},
		{"ParameterNotFound", "", 400, remote.NotFound},
		{"NoSuchEntity", "", 404, remote.NotFound},
		{"InvalidParameterValue", "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", 400, remote.ProfileNotReady},
		{"InvalidParameterValue", "Invalid value 'x' for InstanceType.", 400, remote.Invalid},
		{"InternalError", "", 500, remote.Unavailable},
		{"SomethingNew", "", 400, remote.Invalid},
		{"SomethingNew", "", 599, remote.Unavailable},
	} {
		sdk := &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: row.status}},
			Err:      &smithy.GenericAPIError{Code: row.code, Message: row.message},
		}
		err := faults.Of("ec2:RunInstances", "t3.micro", fmt.Errorf("operation error: %w", sdk))
		var api *remote.APIError
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
		"a broken connection": {errors.New("connection reset by peer"), remote.Unavailable},
		"no credentials":      {fmt.Errorf("get identity: %w", &faults.NoCredentialsError{Err: errors.New("no such profile")}), remote.Credentials},
	} {
		if err := faults.Of("ec2:RunInstances", "", row.err); !errors.Is(err, row.want) || !errors.Is(err, row.err) {
			t.Errorf("%s is %v", name, err)
		}
	}
	var api *remote.APIError
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
