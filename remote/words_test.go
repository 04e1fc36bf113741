package remote_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// cloudWords are what only one cloud has, or calls so, in lower case.
var cloudWords = []string{
	"aws", "amazon", "amazonaws", "ec2", "ssm", "s3", "iam", "ami", "amis", "sts", "arn", "arns", "vpc", "vpcs", "ebs", "ecs", "ecr", "kms", "gp3",
	"imds", "imdsv2", "nitro", "spot", "ssmmessages", "ec2messages", "cloudwatch", "fargate", "eks",
	"security group", "security groups", "instance profile", "instance profiles", "systems manager", "parameter store",
}

// excepted are the words that may stand outside a cloud's folder: file and word, with the reason.
var excepted = map[string]string{
	"measure.go: spot": "a field of runtime/record, whose rows are read by versions to come and gone",
	"report.go: spot":  "a key of the object of --json, which programs read",
}

var Token = regexp.MustCompile(`[A-Za-z0-9]+`)

// words are those of a text, identifiers taken apart, in lower case.
func words(text string) (all []string) {
	for _, t := range Token.FindAllString(text, -1) {
		all = append(all, strings.ToLower(t))
		if parts := apart(t); len(parts) > 1 {
			all = append(all, parts...)
		}
	}
	return all
}

// apart takes an identifier apart where its case changes.
func apart(identifier string) (all []string) {
	begin := 0
	upper := func(i int) bool { return i < len(identifier) && identifier[i] >= 'A' && identifier[i] <= 'Z' }
	for i := 1; i < len(identifier); i++ {
		if upper(i) && (!upper(i-1) || i+1 < len(identifier) && !upper(i+1) && (identifier[i+1] < '0' || identifier[i+1] > '9')) {
			all, begin = append(all, strings.ToLower(identifier[begin:i])), i
		}
	}
	return append(all, strings.ToLower(identifier[begin:]))
}

// found are the words of one cloud in a text.
func found(text string) (all []string) {
	list := words(text)
	for i, w := range list {
		for _, candidate := range []string{w, w + " " + append(list, "")[i+1]} {
			if slices.Contains(cloudWords, candidate) && !slices.Contains(all, candidate) {
				all = append(all, candidate)
			}
		}
	}
	return all
}

func TestOnlyTheFolderOfACloudNamesIt(t *testing.T) {
	t.Parallel()
	unused := map[string]bool{}
	for e := range excepted {
		unused[e] = true
	}
	files := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (file == "aws" || file == "fakeaws" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		files++
		for _, w := range append(found(string(text)), found(path.Base(file))...) {
			if e := file + ": " + w; excepted[e] != "" {
				delete(unused, e)
			} else {
				t.Errorf("remote/%s names %q: it belongs into the folder of that cloud, and reaches remote through remote/provider", file, w)
			}
		}
		return nil
	})
	if err != nil || files < 30 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
	for e := range unused {
		t.Errorf("the exception %q is of no use", e)
	}
}

func TestWordsOfOneCloudAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"p.Caller.ARN": {"arn"}, "IMDSHops int": {"imds"}, "func onSpot()": {"spot"}, `"ec2:RunInstances"`: {"ec2"}, "AWS_PROFILE": {"aws"},
		"a security\n// group": {"security group"}, "DescribeSecurityGroups": {"security groups"}, "--s3 BUCKET": {"s3"}, "newEC2Client": {"ec2"},
		"warn, spots, amino, instances of profiles": nil, "an instance, profile": {"instance profile"}, "IMDSv2": {"imdsv2"},
	} {
		if got := found(text); !slices.Equal(got, want) {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}
