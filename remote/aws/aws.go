// Package aws answers what remote asks of a cloud with AWS: EC2 for machines, Systems Manager for commands, S3 for
// files, IAM for the instance profile. It and the packages below it are the only importers of the SDK.
//
// [Open] gives a provider.Cloud for one region. Each method is one or two calls; waiting for states is the caller's. What
// is done here, because only this package can know it: calls are repeated on throttling, server faults and lost
// connections (8 attempts), a thing that was just made may be unknown to the service for seconds, one unknown id must
// not spoil an answer about others, and every error names the action as a policy does and is one of remote's faults.
package aws

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	sdkssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/aws/ssm"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Options say where and as whom. The zero value is what the SDK finds: environment, shared files, single sign-on, role.
type Options struct {
	Region   string
	Profile  string       // of the shared configuration files
	Endpoint string       // of a double, for all services, instead of AWS's own
	HTTP     *http.Client // nil: the SDK's
	// Interval is between two looks at what takes time, as of [provider.Cloud]; a command is looked at after a sixth of it.
	Interval time.Duration
}

const (
	answerTime = time.Minute // of one attempt: the SDK would wait for ever on a connection that died silently
	attempts   = 8           // of one call; the SDK's three are over within seconds, a storm of throttling is not
	appName    = "plimsoll"  // in the user agent, so that the account's trail tells who called
)

// Open makes the cloud of one region. It calls nothing yet: [provider.Identity] is what to ask first.
func Open(ctx context.Context, o Options) (provider.Cloud, error) {
	load := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return retryer() }),
		config.WithAppID(appName),
		config.WithLogger(logging.Nop{}), // the SDK writes to standard error otherwise, which is the terminal's
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(o.Endpoint))
	}
	if o.HTTP != nil {
		load = append(load, config.WithHTTPClient(o.HTTP))
	} else {
		load = append(load, config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTime
		})))
	}
	c, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return provider.Cloud{}, &SettingError{Err: err, Advice: "see AWS_PROFILE, AWS_CONFIG_FILE and ~/.aws/config"}
	}
	if c.Region == "" {
		return provider.Cloud{}, &SettingError{Err: errors.New("no AWS region is set"), Advice: "give --region, or set AWS_REGION"}
	}
	c.Credentials = named{c.Credentials}
	return services(c, o.Interval), nil
}

func services(c aws.Config, interval time.Duration) provider.Cloud {
	commands := sdkssm.NewFromConfig(c)
	machines := ec2.NewFromConfig(c)
	sizes := &diskSizes{}
	return provider.Cloud{
		Dialect: dialect.Dialect(), Interval: interval,
		Identity: identity{sts: sts.NewFromConfig(c), config: c},
		Catalogue: catalogue{
			ec2: machines, ssm: commands, sizes: sizes, region: c.Region,
			pricing: pricing.NewFromConfig(c, func(o *pricing.Options) { o.Region = priceRegion(c.Region) }),
			quotas:  servicequotas.NewFromConfig(c),
		},
		Machines: rental{ec2: machines, sizes: sizes},
		Firewall: firewall{ec2: machines},
		Commands: ssm.Client{API: commands, First: interval / 6},
		Profiles: profiles{iam: iam.NewFromConfig(c)},
		Store: func(bucket, prefix string) provider.Store {
			return newStore(s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = c.BaseEndpoint != nil }), bucket, prefix)
		},
	}
}

// SettingError is what is wrong with the settings, before anything is asked of AWS.
type SettingError struct {
	Err    error
	Advice string
}

func (e *SettingError) Error() string { return e.Err.Error() }
func (e *SettingError) Unwrap() error { return e.Err }

// Hint says what to set.
func (e *SettingError) Hint() string { return e.Advice }

// ExitCode is that of configuration.
func (*SettingError) ExitCode() int { return exit.Usage }

// named gives the errors of a chain of credentials a type.
type named struct{ chain aws.CredentialsProvider }

func (n named) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if n.chain == nil {
		return aws.Credentials{}, &faults.NoCredentialsError{Err: errors.New("none are configured")}
	}
	c, err := n.chain.Retrieve(ctx)
	if err != nil {
		return c, &faults.NoCredentialsError{Err: err}
	}
	return c, nil
}

// retryer is the SDK's standard one with more attempts, but for answers that do not become better within them: a zone
// without machines is told as a server's fault, which the SDK would repeat.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(hopeless)}, o.Retryables...)
	})
}

func hopeless(err error) aws.Ternary {
	var none *faults.NoCredentialsError
	full := errors.Is(faults.Of("", "", err), provider.Capacity)
	if full || errors.As(err, &none) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

const (
	settleTries = 5
	settleEvery = 2 * time.Second
)

// settle repeats a call about a thing that may have been made a moment ago, until the service has heard of it. After
// ten seconds it believes that the thing is not there.
func settle(ctx context.Context, unknown func(error) bool, call func() error) error {
	for tries := 0; ; tries++ {
		err := call()
		if tries == settleTries || !unknown(err) {
			return err
		}
		if smithytime.SleepWithContext(ctx, settleEvery) != nil {
			return context.Cause(ctx)
		}
	}
}

func missing(err error) bool { return errors.Is(err, provider.NotFound) }

func missingGroup(err error) bool { return codeOf(err) == "InvalidGroup.NotFound" }
