package aws

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// store is provider.Store, of one prefix in an S3 bucket.
type store struct {
	s3      *s3.Client
	presign *s3.PresignClient
	bucket  string
	prefix  string // empty, or ends with a slash
}

var (
	_ provider.Store   = store{}
	_ provider.Folders = store{}
)

func newStore(client *s3.Client, bucket, prefix string) store {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return store{s3: client, presign: s3.NewPresignClient(client), bucket: bucket, prefix: prefix}
}

// resource is a key as a message names it.
func (s store) resource(key string) string { return s.bucket + "/" + s.prefix + key }

// PresignPut implements provider.Store.
func (s store) PresignPut(ctx context.Context, key string, valid time.Duration) (string, error) {
	r, err := s.presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(s.prefix + key)}, s3.WithPresignExpires(valid))
	if err != nil {
		return "", faults.Of("s3:PutObject", s.resource(key), err)
	}
	return r.URL, nil
}

// PresignGet implements provider.Store.
func (s store) PresignGet(ctx context.Context, key string, valid time.Duration) (string, error) {
	r, err := s.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(s.prefix + key)}, s3.WithPresignExpires(valid))
	if err != nil {
		return "", faults.Of("s3:GetObject", s.resource(key), err)
	}
	return r.URL, nil
}

// Put implements provider.Store.
func (s store) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(s.prefix + key), Body: body})
	return faults.Of("s3:PutObject", s.resource(key), err)
}

// Get implements provider.Store.
func (s store) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(s.prefix + key)})
	if err != nil {
		return nil, faults.Of("s3:GetObject", s.resource(key), err)
	}
	return out.Body, nil
}

// Delete implements provider.Store.
func (s store) Delete(ctx context.Context, prefix string) error {
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: aws.String(s.bucket), Prefix: aws.String(s.prefix + prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return faults.Of("s3:ListBucket", s.resource(prefix), err)
		}
		if err := s.deletePage(ctx, page.Contents); err != nil {
			return err
		}
	}
	return nil
}

// maxFolders bounds what is listed of a prefix.
const maxFolders = 100_000

// Folders implements provider.Folders.
func (s store) Folders(ctx context.Context) (all []string, err error) {
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: aws.String(s.bucket), Prefix: aws.String(s.prefix), Delimiter: aws.String("/")})
	for pages.HasMorePages() && len(all) < maxFolders {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, faults.Of("s3:ListBucket", s.resource(""), err)
		}
		for _, p := range page.CommonPrefixes {
			all = append(all, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), s.prefix), "/"))
		}
	}
	return all, nil
}

func (s store) deletePage(ctx context.Context, objects []types.Object) error {
	for _, o := range objects { // one by one: a run has a handful, and the call for many wants checksums that not every store knows
		_, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(s.bucket), Key: o.Key})
		if err != nil {
			return faults.Of("s3:DeleteObject", s.bucket+"/"+aws.ToString(o.Key), err)
		}
	}
	return nil
}
