package fakeaws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// role and profile are what instances carry.
type role struct {
	name, trust string
	made        time.Time
	policies    []string          // ARNs of those attached
	inline      map[string]string // by name
}

type profile struct {
	name  string
	made  time.Time
	roles []string
	first time.Time // when it was first launched with
}

func missing(what, name string) error {
	return &apiError{http.StatusNotFound, "NoSuchEntity", what + " " + name + " cannot be found."}
}

func exists(what, name string) error {
	return &apiError{http.StatusConflict, "EntityAlreadyExists", what + " " + name + " already exists."}
}

type roleXML struct {
	Path       string
	RoleName   string
	RoleId     string
	Arn        string
	CreateDate string
	Trust      string `xml:"AssumeRolePolicyDocument"`
}

func (c *Cloud) roleXML(r *role) roleXML {
	return roleXML{"/", r.name, "AROA" + strings.ToUpper(r.name), "arn:aws:iam::" + c.options.Account + ":role/" + r.name, stamp(r.made), r.trust}
}

func (c *Cloud) createRole(_ *region, q ask) (any, error) {
	name := q.form.get("RoleName")
	if _, ok := c.roles[name]; ok {
		return nil, exists("Role with name", name)
	}
	c.roles[name] = &role{name: name, trust: q.form.get("AssumeRolePolicyDocument"), made: c.options.Now(), inline: map[string]string{}}
	return struct{ Role roleXML }{c.roleXML(c.roles[name])}, nil
}

// roleAsked is the role that a call names.
func (c *Cloud) roleAsked(q ask) (*role, error) {
	r, ok := c.roles[q.form.get("RoleName")]
	if !ok {
		return nil, missing("The role with name", q.form.get("RoleName"))
	}
	return r, nil
}

func (c *Cloud) getRole(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	return struct{ Role roleXML }{c.roleXML(r)}, nil
}

func (c *Cloud) deleteRole(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	used := slices.ContainsFunc(c.everyProfile(), func(p *profile) bool { return slices.Contains(p.roles, r.name) })
	if used || len(r.policies)+len(r.inline) > 0 {
		return nil, &apiError{http.StatusConflict, "DeleteConflict", "Cannot delete entity, must detach all policies and remove roles from instance profile first."}
	}
	delete(c.roles, r.name)
	return struct{}{}, nil
}

func (c *Cloud) everyProfile() []*profile {
	var out []*profile
	for _, p := range c.profiles {
		out = append(out, p)
	}
	return out
}

func (c *Cloud) attachPolicy(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	arn := q.form.get("PolicyArn")
	known := []string{"AmazonSSMManagedInstanceCore", "AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly"}
	if !slices.Contains(known, strings.TrimPrefix(arn, "arn:aws:iam::aws:policy/")) {
		return nil, missing("Policy", arn)
	}
	if !slices.Contains(r.policies, arn) {
		r.policies = append(r.policies, arn)
	}
	return struct{}{}, nil
}

func (c *Cloud) detachPolicy(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	at := slices.Index(r.policies, q.form.get("PolicyArn"))
	if at < 0 {
		return nil, missing("Policy", q.form.get("PolicyArn"))
	}
	r.policies = slices.Delete(r.policies, at, at+1)
	return struct{}{}, nil
}

func (c *Cloud) putPolicy(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	r.inline[q.form.get("PolicyName")] = q.form.get("PolicyDocument")
	return struct{}{}, nil
}

func (c *Cloud) deletePolicy(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	if _, ok := r.inline[q.form.get("PolicyName")]; !ok {
		return nil, missing("The role policy with name", q.form.get("PolicyName"))
	}
	delete(r.inline, q.form.get("PolicyName"))
	return struct{}{}, nil
}

// members is a list of the query protocol of STS and IAM.
type members[T any] struct {
	Member []T `xml:"member"`
}

type attachedXML struct{ PolicyName, PolicyArn string }

func (c *Cloud) attachedPolicies(_ *region, q ask) (any, error) {
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	var out struct {
		AttachedPolicies members[attachedXML]
		IsTruncated      bool
	}
	for _, arn := range r.policies {
		out.AttachedPolicies.Member = append(out.AttachedPolicies.Member, attachedXML{arn[strings.LastIndex(arn, "/")+1:], arn})
	}
	return out, nil
}

type profileXML struct {
	Path                string
	InstanceProfileName string
	InstanceProfileId   string
	Arn                 string
	CreateDate          string
	Roles               members[roleXML]
}

func (c *Cloud) profileARN(name string) string {
	return "arn:aws:iam::" + c.options.Account + ":instance-profile/" + name
}

func (c *Cloud) profileXML(p *profile) profileXML {
	x := profileXML{
		Path: "/", InstanceProfileName: p.name, InstanceProfileId: "AIPA" + strings.ToUpper(p.name), Arn: c.profileARN(p.name), CreateDate: stamp(p.made),
	}
	for _, name := range p.roles {
		x.Roles.Member = append(x.Roles.Member, c.roleXML(c.roles[name]))
	}
	return x
}

func (c *Cloud) createProfile(_ *region, q ask) (any, error) {
	name := q.form.get("InstanceProfileName")
	if _, ok := c.profiles[name]; ok {
		return nil, exists("Instance Profile", name)
	}
	c.profiles[name] = &profile{name: name, made: c.options.Now()}
	return struct{ InstanceProfile profileXML }{c.profileXML(c.profiles[name])}, nil
}

func (c *Cloud) profileAsked(q ask) (*profile, error) {
	p, ok := c.profiles[q.form.get("InstanceProfileName")]
	if !ok {
		return nil, missing("Instance Profile", q.form.get("InstanceProfileName"))
	}
	return p, nil
}

func (c *Cloud) getProfile(_ *region, q ask) (any, error) {
	p, err := c.profileAsked(q)
	if err != nil {
		return nil, err
	}
	return struct{ InstanceProfile profileXML }{c.profileXML(p)}, nil
}

func (c *Cloud) deleteProfile(_ *region, q ask) (any, error) {
	p, err := c.profileAsked(q)
	if err != nil {
		return nil, err
	}
	if len(p.roles) > 0 {
		return nil, &apiError{http.StatusConflict, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."}
	}
	delete(c.profiles, p.name)
	return struct{}{}, nil
}

func (c *Cloud) addRole(_ *region, q ask) (any, error) {
	p, err := c.profileAsked(q)
	if err != nil {
		return nil, err
	}
	r, err := c.roleAsked(q)
	if err != nil {
		return nil, err
	}
	if len(p.roles) > 0 {
		return nil, &apiError{http.StatusConflict, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"}
	}
	p.roles = append(p.roles, r.name)
	return struct{}{}, nil
}

func (c *Cloud) removeRole(_ *region, q ask) (any, error) {
	p, err := c.profileAsked(q)
	if err != nil {
		return nil, err
	}
	at := slices.Index(p.roles, q.form.get("RoleName"))
	if at < 0 {
		return nil, missing("The role with name", q.form.get("RoleName"))
	}
	p.roles = slices.Delete(p.roles, at, at+1)
	return struct{}{}, nil
}

// launchProfile is the ARN of the profile that a launch names; EC2 learns of a new one late.
func (c *Cloud) launchProfile(f form) (string, error) {
	name, arn := f.get("Name"), f.get("Arn")
	key, value := "name", name
	if arn != "" {
		key, value = "arn", arn
		name = arn[strings.LastIndex(arn, "/")+1:]
	}
	if name == "" {
		return "", nil
	}
	p, ok := c.profiles[name]
	if ok {
		if p.first.IsZero() {
			p.first = c.options.Now()
		}
		since := p.made
		if since.IsZero() {
			since = p.first // it was always there: the fault counts from the first launch
		}
		f, faulty := c.world(profileNotReady, "", "")
		ok = !faulty || !c.options.Now().Before(since.Add(f.For))
	}
	if !ok {
		return "", refuse("InvalidParameterValue", fmt.Sprintf("Value (%s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance Profile %s", value, key, key))
	}
	return c.profileARN(name), nil
}
