package fakeaws_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := fakeaws.New(fakeaws.Options{})
	k := clientOf(t, c)
	c.SeedProfile("theirs")
	group := value(t, k.ec2("Action=CreateSecurityGroup&GroupName=g&GroupDescription=d"), "groupId")
	k.ec2("Action=AuthorizeSecurityGroupIngress&GroupId=" + group + rule8080)
	id := value(t, k.ec2(runForm+"&SecurityGroupId.1="+group), "instanceId")
	with := func(old, change string) string { return strings.Replace(runForm, old, change, 1) }

	for _, test := range []struct{ name, service, form, code string }{
		{"unknown action", "ec2", "Action=MakeCoffee", "InvalidAction"},
		{"no such image", "ec2", with(ecsImage, "ami-0"), "InvalidAMIID.NotFound"},
		{"no such type", "ec2", with("c7i.large", "zz9.bogus"), "InvalidParameterValue"},
		{"a type of another architecture", "ec2", with("c7i.large", "c7g.large"), "InvalidParameterValue"},
		{"no such profile", "ec2", with("=theirs", "=nobody's"), "InvalidParameterValue"},
		{"user data that is not encoded", "ec2", runForm + "&UserData=%23!", "InvalidParameterValue"},
		{"user data that is too long", "ec2", withUserData(strings.Repeat("x", 16385)), "InvalidParameterValue"},
		{"no such group", "ec2", runForm + "&SecurityGroupId.1=sg-0", "InvalidGroup.NotFound"},
		{"no such subnet", "ec2", runForm + "&SubnetId=subnet-0", "InvalidSubnetID.NotFound"},
		{"subnet named twice", "ec2", runForm + "&SubnetId=subnet-0&NetworkInterface.1.DeviceIndex=0", "InvalidParameterCombination"},
		{"a dry run that would do", "ec2", runForm + "&DryRun=true", "DryRunOperation"},
		{"a dry run that would not", "ec2", with("c7i.large", "zz9.bogus") + "&DryRun=true", "InvalidParameterValue"},
		{"no such instance", "ec2", "Action=DescribeInstances&InstanceId.1=i-0", "InvalidInstanceID.NotFound"},
		{"no instance at all", "ec2", "Action=DescribeInstances&InstanceId.1=x", "InvalidInstanceID.Malformed"},
		{"no such filter", "ec2", "Action=DescribeInstances&Filter.1.Name=colour&Filter.1.Value.1=red", "InvalidParameterValue"},
		{"a group of the same name", "ec2", "Action=CreateSecurityGroup&GroupName=g&GroupDescription=d", "InvalidGroup.Duplicate"},
		{"a group that is in use", "ec2", "Action=DeleteSecurityGroup&GroupId=" + group, "DependencyViolation"},
		{"the same rule again", "ec2", "Action=AuthorizeSecurityGroupIngress&GroupId=" + group + rule8080, "InvalidPermission.Duplicate"},
		{"a rule that is not there", "ec2", "Action=RevokeSecurityGroupIngress&GroupId=" + group + strings.Replace(rule8080, "127.0", "128.0", 1), "InvalidPermission.NotFound"},
		{"tags of nothing", "ec2", "Action=CreateTags&ResourceId.1=i-0&Tag.1.Key=k&Tag.1.Value=v", "InvalidInstanceID.NotFound"},
		{"a disk that is in use", "ec2", "Action=DeleteVolume&VolumeId=" + c.State().Instances[0].Volume.ID, "VolumeInUse"},
		{"no such VPC", "ec2", "Action=CreateSecurityGroup&GroupName=h&GroupDescription=d&VpcId=vpc-0", "InvalidVpcID.NotFound"},
		{"no such role", "iam", "Action=GetRole&RoleName=nobody", "NoSuchEntity"},
		{"a role of the same name", "iam", "Action=CreateRole&RoleName=theirs", "EntityAlreadyExists"},
		{"a role that is in use", "iam", "Action=DeleteRole&RoleName=theirs", "DeleteConflict"},
		{"a second role", "iam", "Action=AddRoleToInstanceProfile&InstanceProfileName=theirs&RoleName=theirs", "LimitExceeded"},
		{"no such policy", "iam", "Action=AttachRolePolicy&RoleName=theirs&PolicyArn=arn:aws:iam::aws:policy/None", "NoSuchEntity"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := k
			k.t = t
			if got := k.refused(test.service, test.form); got != test.code {
				t.Errorf("refused with %s, want %s", got, test.code)
			}
		})
	}
	for _, test := range []struct{ name, action, body, code string }{
		{"no such parameter", "GetParameter", `{"Name":"/none"}`, "ParameterNotFound"},
		{"an instance that is not registered", "SendCommand", `{"InstanceIds":["i-0"],"DocumentName":"AWS-RunShellScript","Parameters":{"commands":["true"]}}`, "InvalidInstanceId"},
		{"no such document", "SendCommand", `{"InstanceIds":["` + id + `"],"DocumentName":"Mine","Parameters":{"commands":["true"]}}`, "InvalidDocument"},
		{"no commands", "SendCommand", `{"InstanceIds":["` + id + `"],"DocumentName":"AWS-RunShellScript"}`, "InvalidParameters"},
		{"too short a time for delivery", "SendCommand", `{"InstanceIds":["` + id + `"],"DocumentName":"AWS-RunShellScript","TimeoutSeconds":29,"Parameters":{"commands":["true"]}}`, "ValidationException"},
		{"no such invocation", "GetCommandInvocation", `{"CommandId":"c","InstanceId":"i"}`, "InvocationDoesNotExist"},
		{"no such command", "CancelCommand", `{"CommandId":"c"}`, "InvalidCommandId"},
		{"no such action", "MakeCoffee", `{}`, "UnknownOperationException"},
		{"no JSON", "GetParameter", `{`, "SerializationException"},
		{"no such key of a filter", "DescribeInstanceInformation", `{"Filters":[{"Key":"Colour","Values":["red"]}]}`, "InvalidFilterKey"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := k
			k.t = t
			status, v := k.ssm(test.action, test.body)
			if status != http.StatusBadRequest || v["__type"] != test.code {
				t.Errorf("answered %d %v, want 400 and %s", status, v, test.code)
			}
		})
	}
}

func TestWithoutDefaultNetwork(t *testing.T) {
	t.Parallel()
	c := fakeaws.New(fakeaws.Options{})
	k := clientOf(t, c)
	c.SeedProfile("theirs")
	c.NoDefaultVPC(k.region)
	if got := k.refused("ec2", runForm); got != "VPCIdNotSpecified" {
		t.Errorf("an instance is refused with %s", got)
	}
	if got := k.refused("ec2", "Action=CreateSecurityGroup&GroupName=g&GroupDescription=d"); got != "VPCIdNotSpecified" {
		t.Errorf("a group is refused with %s", got)
	}
	if body := k.ec2("Action=DescribeVpcs&Filter.1.Name=is-default&Filter.1.Value.1=true"); !strings.Contains(body, "<vpcSet></vpcSet>") {
		t.Errorf("there is a default VPC: %s", body)
	}
}

func TestFaultsOfCalls(t *testing.T) {
	t.Parallel()
	const who = "Action=GetCallerIdentity&Version=2011-06-15"
	for _, test := range []struct {
		name          string
		fault         fakeaws.Fault
		ec2, sts, ssm string // the code with which each refuses its first call, or ok
	}{
		{"throttled", fakeaws.Throttle(3), "RequestLimitExceeded", "Throttling", "ThrottlingException"},
		{"throttled once", fakeaws.Throttle(1), "RequestLimitExceeded", "ok", "ok"},
		{"throttled in one action", fakeaws.Throttle(1, "GetParameter"), "ok", "ok", "ThrottlingException"},
		{"broken", fakeaws.HTTP500(3), "InternalError", "InternalFailure", "InternalServerError"},
		{"unauthorized", fakeaws.Unauthorized("DescribeVpcs", "GetParameter"), "UnauthorizedOperation", "ok", "AccessDeniedException"},
		{"expired at once", fakeaws.ExpireTokenAfter(0), "RequestExpired", "ExpiredToken", "ExpiredTokenException"},
		{"expired after two calls", fakeaws.ExpireTokenAfter(2), "ok", "ok", "ExpiredTokenException"},
		{"keys of nobody", fakeaws.BadKeys(), "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := fakeaws.New(fakeaws.Options{})
			c.Inject(test.fault)
			k := clientOf(t, c)
			_, _ = k.query("ec2", "Action=DescribeVpcs")
			_, _ = k.query("sts", who)
			_, _ = k.ssm("GetParameter", `{"Name":"/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"}`)
			var got []string
			for _, call := range c.Calls() {
				got = append(got, orOK(call.Error))
			}
			if want := []string{test.ec2, test.sts, test.ssm}; strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("answered %v, want %v", got, want)
			}
			c.Heal()
			if status, body := k.query("sts", who); status != http.StatusOK {
				t.Errorf("healed, it answers %d %s", status, body)
			}
		})
	}
}

func orOK(code string) string {
	if code == "" {
		return "ok"
	}
	return code
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault fakeaws.Fault
		there int // instances after the drop
	}{
		{"before the commit", fakeaws.DropBeforeCommit(1, "RunInstances"), 0},
		{"after the commit", fakeaws.DropAfterCommit(1, "RunInstances"), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := fakeaws.New(fakeaws.Options{})
			c.SeedProfile("theirs")
			c.Inject(test.fault)
			k := clientOf(t, c)
			if status, body, err := k.try("ec2", "", "application/x-www-form-urlencoded", runForm+"&ClientToken=t1"); err == nil {
				t.Fatalf("it was answered: %d %s", status, body)
			}
			if got := len(c.State().Instances); got != test.there {
				t.Errorf("%d instances after the drop, want %d", got, test.there)
			}
			k.ec2(runForm + "&ClientToken=t1")
			if got := len(c.State().Instances); got != 1 {
				t.Errorf("%d instances after it was asked again, want 1", got)
			}
			if got := k.refused("ec2", strings.Replace(runForm, "c7i.large", "m7i.large", 1)+"&ClientToken=t1"); got != "IdempotentParameterMismatch" {
				t.Errorf("another request with its token is refused with %s", got)
			}
		})
	}
}

func TestFaultsOfTheWorld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeaws.New(fakeaws.Options{})
		k := clientOf(t, c)
		c.SeedProfile("theirs")
		k.ec2("Action=DescribeVpcs") // makes the region
		subnets := strings.Split(k.ec2("Action=DescribeSubnets"), "<subnetId>")
		first, _, _ := strings.Cut(subnets[1], "<")
		second, _, _ := strings.Cut(subnets[2], "<")

		c.Inject(fakeaws.Capacity("c7i.large", first), fakeaws.Unsupported("m7i.large", second))
		if got := k.refused("ec2", runForm+"&SubnetId="+first); got != "InsufficientInstanceCapacity" {
			t.Errorf("without room: %s", got)
		}
		k.ec2(runForm + "&SubnetId=" + second)
		if got := k.refused("ec2", strings.Replace(runForm, "c7i", "m7i", 1)+"&SubnetId="+second); got != "Unsupported" {
			t.Errorf("in a zone that does not offer it: %s", got)
		}
		c.Heal()
		c.Inject(fakeaws.VcpuLimit(4))
		k.ec2(runForm)
		if got := k.refused("ec2", runForm); got != "VcpuLimitExceeded" {
			t.Errorf("beyond the quota: %s", got)
		}
		if _, quota := k.do("servicequotas", "ServiceQuotasV20190624.GetServiceQuota", "application/x-amz-json-1.1", `{"ServiceCode":"ec2","QuotaCode":"L-1216C47A"}`); !strings.Contains(quota, `"Value":4}`) {
			t.Errorf("the quota is told as %s", quota)
		}
		c.Heal()
		c.Inject(fakeaws.ProfileNotReady(8 * time.Second))
		k.query("iam", "Action=CreateRole&RoleName=new")
		k.query("iam", "Action=CreateInstanceProfile&InstanceProfileName=new")
		fresh := strings.Replace(runForm, "=theirs", "=new", 1)
		if got := k.refused("ec2", fresh); got != "InvalidParameterValue" {
			t.Errorf("with a new profile: %s", got)
		}
		time.Sleep(8 * time.Second) //nolint:forbidigo // the bubble's time
		k.ec2(fresh)
		c.Heal()
		c.Inject(fakeaws.SlowVisible(3*time.Second), fakeaws.SpotInterrupt(time.Minute))
		spot := value(t, k.ec2(runForm+"&InstanceMarketOptions.MarketType=spot"), "instanceId")
		if got := k.refused("ec2", "Action=DescribeInstances&InstanceId.1="+spot); got != "InvalidInstanceID.NotFound" {
			t.Errorf("just launched, it is: %s", got)
		}
		time.Sleep(3 * time.Second) //nolint:forbidigo // the bubble's time
		if got := k.ec2("Action=DescribeInstances&InstanceId.1=" + spot); !strings.Contains(got, "<instanceLifecycle>spot<") || value(t, got, "name") != "running" {
			t.Errorf("a spot instance: %s", got)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's time
		if got := k.ec2("Action=DescribeInstances&InstanceId.1=" + spot); !strings.Contains(got, "<code>Server.SpotInstanceTermination</code>") || value(t, got, "name") != "terminated" {
			t.Errorf("a spot instance that was taken: %s", got)
		}
	})
}
