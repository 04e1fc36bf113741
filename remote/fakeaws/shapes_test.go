package fakeaws_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// TestShapes holds whole answers against what AWS documents, written by hand; what differs from call to call is a *.
func TestShapes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	c := fakeaws.New(fakeaws.Options{Now: func() time.Time { return at }, Boot: time.Hour})
	k := clientOf(t, c)
	c.SeedProfile("theirs")
	for _, test := range []struct{ name, service, form, want string }{
		{
			"GetCallerIdentity", "sts", "Action=GetCallerIdentity&Version=2011-06-15",
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
				`<Arn>arn:aws:iam::123456789012:user/double</Arn><UserId>*</UserId><Account>123456789012</Account></GetCallerIdentityResult>` +
				`<ResponseMetadata><RequestId>*</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
		},
		{
			"CreateSecurityGroup", "ec2", "Action=CreateSecurityGroup&Version=2016-11-15&GroupName=g&GroupDescription=d" +
				"&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
			`<CreateSecurityGroupResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>*</requestId><groupId>sg-*</groupId>` +
				`<tagSet><item><key>k</key><value>v</value></item></tagSet><securityGroupArn>arn:aws:ec2:eu-west-1:123456789012:security-group/sg-*</securityGroupArn>` +
				`<return>true</return></CreateSecurityGroupResponse>`,
		},
		{
			"RunInstances", "ec2", runForm + "&ClientToken=t1",
			`<RunInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>*</requestId><reservationId>r-*</reservationId><ownerId>123456789012</ownerId>` +
				`<groupSet></groupSet><instancesSet><item><instanceId>i-*</instanceId><imageId>` + ecsImage + `</imageId>` +
				`<instanceState><code>0</code><name>pending</name></instanceState><privateDnsName>*</privateDnsName><dnsName></dnsName><reason></reason>` +
				`<instanceType>c7i.large</instanceType><launchTime>2026-11-24T12:00:00.000Z</launchTime>` +
				`<placement><availabilityZone>eu-west-1a</availabilityZone><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>` +
				`<subnetId>subnet-*</subnetId><vpcId>vpc-*</vpcId><privateIpAddress>172.31.*</privateIpAddress>` +
				`<groupSet><item><groupId>sg-*</groupId><groupName>default</groupName></item></groupSet><architecture>x86_64</architecture>` +
				`<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping></blockDeviceMapping><clientToken>t1</clientToken>` +
				`<tagSet><item><key>run</key><value>r1</value></item></tagSet><hypervisor>xen</hypervisor><networkInterfaceSet>*</networkInterfaceSet>` +
				`<iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/theirs</arn><id>AIPA*</id></iamInstanceProfile>` +
				`<metadataOptions><state>applied</state><httpTokens>optional</httpTokens><httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>` +
				`</item></instancesSet></RunInstancesResponse>`,
		},
		{
			"an error of EC2", "ec2", "Action=DescribeInstances&InstanceId.1=i-0",
			`<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID &#39;i-0&#39; does not exist</Message></Error></Errors><RequestID>*</RequestID></Response>`,
		},
		{
			"an error of IAM", "iam", "Action=GetRole&RoleName=nobody",
			`<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name nobody cannot be found.</Message></Error><RequestId>*</RequestId></ErrorResponse>`,
		},
		{
			"an empty list", "ec2", "Action=DescribeInstances&Filter.1.Name=tag:nobody&Filter.1.Value.1=x",
			`<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>*</requestId><reservationSet></reservationSet></DescribeInstancesResponse>`,
		},
		{
			"GetInstanceProfile", "iam", "Action=GetInstanceProfile&InstanceProfileName=theirs",
			`<GetInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetInstanceProfileResult><InstanceProfile><Path>/</Path>` +
				`<InstanceProfileName>theirs</InstanceProfileName><InstanceProfileId>*</InstanceProfileId><Arn>arn:aws:iam::123456789012:instance-profile/theirs</Arn><CreateDate>*</CreateDate>` +
				`<Roles><member><Path>/</Path><RoleName>theirs</RoleName><RoleId>*</RoleId><Arn>arn:aws:iam::123456789012:role/theirs</Arn><CreateDate>*</CreateDate><AssumeRolePolicyDocument></AssumeRolePolicyDocument></member></Roles>` +
				`</InstanceProfile></GetInstanceProfileResult><ResponseMetadata><RequestId>*</RequestId></ResponseMetadata></GetInstanceProfileResponse>`,
		},
	} {
		_, got := k.query(test.service, test.form)
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(test.want), `\*`, ".*?") + "$"
		if !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%s answers\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestErrorOfSystemsManagerIsNamedInAHeader(t *testing.T) {
	t.Parallel()
	c := fakeaws.New(fakeaws.Options{})
	defer c.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://cloud.test/", strings.NewReader(`{"Name":"/none"}`))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261101/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	res, err := (&http.Client{Transport: c.Transport()}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("X-Amzn-Errortype"); got != "ParameterNotFound" || res.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("header %q in %v", got, res.Header)
	}
}

func TestAPriceIsTextOfJSON(t *testing.T) {
	t.Parallel()
	k := clientOf(t, fakeaws.New(fakeaws.Options{Page: 2}))
	price := func(instanceType string) []string {
		_, body := k.do("pricing", "AWSPriceListService.GetProducts", "application/x-amz-json-1.1", `{"ServiceCode":"AmazonEC2","Filters":[`+
			`{"Type":"TERM_MATCH","Field":"instanceType","Value":"`+instanceType+`"},{"Type":"TERM_MATCH","Field":"regionCode","Value":"eu-west-1"},`+
			`{"Type":"TERM_MATCH","Field":"operatingSystem","Value":"Linux"},{"Type":"TERM_MATCH","Field":"tenancy","Value":"Shared"},`+
			`{"Type":"TERM_MATCH","Field":"preInstalledSw","Value":"NA"},{"Type":"TERM_MATCH","Field":"capacitystatus","Value":"Used"}]}`)
		var v struct{ PriceList []string }
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		return v.PriceList
	}
	var product struct {
		Terms struct {
			OnDemand map[string]struct {
				PriceDimensions map[string]struct{ PricePerUnit map[string]string }
			}
		}
	}
	if list := price("c7i.large"); len(list) != 1 || json.Unmarshal([]byte(list[0]), &product) != nil {
		t.Fatalf("the list is %v", list)
	}
	for _, offer := range product.Terms.OnDemand {
		for _, d := range offer.PriceDimensions {
			if d.PricePerUnit["USD"] != "0.0958000000" {
				t.Errorf("the price is %v", d)
			}
		}
	}
	if list := price("r7i.large"); len(list) != 0 {
		t.Errorf("a type without a price has %v", list)
	}
}

func TestFiltersAndPages(t *testing.T) {
	t.Parallel()
	c := fakeaws.New(fakeaws.Options{Page: 2})
	k := clientOf(t, c)
	c.SeedProfile("theirs")
	k.ec2(strings.Replace(runForm, "MaxCount=1", "MaxCount=3", 1))
	k.ec2(strings.Replace(runForm, "=r1", "=r2", 1))
	c.SeedForeign(k.region, map[string]string{"run": "theirs"})
	count := func(form string) int { return strings.Count(k.ec2("Action=DescribeInstances"+form), "<instanceId>") }
	for form, want := range map[string]int{
		"&Filter.1.Name=tag:run&Filter.1.Value.1=r2":                                                        1,
		"&Filter.1.Name=tag:run&Filter.1.Value.1=r2&Filter.1.Value.2=theirs":                                2,
		"&Filter.1.Name=tag:run&Filter.1.Value.1=r?":                                                        2, // of 4, a page
		"&Filter.1.Name=tag-key&Filter.1.Value.1=walk":                                                      0,
		"&Filter.1.Name=instance-state-name&Filter.1.Value.1=terminated":                                    0,
		"&Filter.1.Name=tag:run&Filter.1.Value.1=r1&Filter.2.Name=instance-type&Filter.2.Value.1=m7i.large": 0,
	} {
		if got := count(form); got != want {
			t.Errorf("%s finds %d, want %d", form, got, want)
		}
	}
	seen, next := 0, ""
	for page := range 10 {
		body := k.ec2("Action=DescribeInstances" + next)
		seen += strings.Count(body, "<instanceId>")
		if !strings.Contains(body, "<nextToken>") {
			if page != 2 {
				t.Errorf("%d pages", page+1)
			}
			break
		}
		next = "&NextToken=" + value(t, body, "nextToken")
	}
	if seen != 5 {
		t.Errorf("all pages have %d instances, want 5", seen)
	}
}

func TestRegionsAreApart(t *testing.T) {
	t.Parallel()
	c := fakeaws.New(fakeaws.Options{})
	k := clientOf(t, c)
	c.SeedProfile("theirs")
	id := value(t, k.ec2(runForm), "instanceId")
	k.region = "us-east-1"
	if got := k.refused("ec2", "Action=TerminateInstances&InstanceId.1="+id); got != "InvalidInstanceID.NotFound" {
		t.Errorf("from another region: %s", got)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	c, err := fakeaws.Start(fakeaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	do := func(method, path, body string) (int, string) {
		const signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=00"
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		r, err := http.NewRequestWithContext(t.Context(), method, c.URL()+path+join+signed, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	for _, step := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{http.MethodPut, "/bucket", "", http.StatusOK, ""},
		{http.MethodPut, "/bucket?lifecycle", "<LifecycleConfiguration/>", http.StatusOK, ""},
		{http.MethodPut, "/bucket/run/file.gz", "content", http.StatusOK, ""},
		{http.MethodGet, "/bucket/run/file.gz", "", http.StatusOK, "content"},
		{http.MethodGet, "/bucket?list-type=2&prefix=run/", "", http.StatusOK, "<Key>run/file.gz</Key>"},
		{http.MethodDelete, "/bucket/run/file.gz", "", http.StatusNoContent, ""},
		{http.MethodGet, "/bucket/run/file.gz", "", http.StatusNotFound, "NoSuchKey"},
		{http.MethodGet, "/nobody/file", "", http.StatusNotFound, "NoSuchBucket"},
	} {
		if status, answer := do(step.method, step.path, step.body); status != step.status || !strings.Contains(answer, step.answer) {
			t.Errorf("%s %s answers %d %s, want %d %s", step.method, step.path, status, answer, step.status, step.answer)
		}
	}
	c.Inject(fakeaws.BadKeys())
	if status, answer := do(http.MethodGet, "/bucket", ""); status != http.StatusForbidden || !strings.Contains(answer, "InvalidAccessKeyId") {
		t.Errorf("with bad keys: %d %s", status, answer)
	}
}
