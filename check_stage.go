package sealift

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/stage"
)

func (c *checker) credentials(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		c.caller, err = connect.Caller(ctx, cfg)
	}
	if err == nil {
		c.place, err = stage.Locate(c.caller.Account, c.job.Stage)
	}
	if err != nil {
		return one(check.Bad(err, "credentials"))
	}
	return one(check.Good("credentials of %s", c.caller.ARN))
}

func (c *checker) bucket(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		err = stage.LookAtBucket(ctx, cfg, c.place)
	}
	if err != nil {
		return one(lacks(check.Bad(err, "bucket %s of account %s", c.place.Bucket, c.place.Owner), permission.Loader, "s3:ListBucket"))
	}
	return one(check.Good("bucket %s is there, and account %s's", c.place.Bucket, c.place.Owner))
}

func (c *checker) key(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		c.keyARN, err = stage.Key(ctx, cfg, c.job.Stage.KMSKey)
	}
	if err != nil {
		r := check.Bad(err, "KMS key %s, enabled", c.job.Stage.KMSKey)
		if _, denied := stage.Denied(err); denied {
			r = lacks(r, permission.Loader, "kms:DescribeKey")
		}
		return one(r)
	}
	c.stage = stage.New(cfg, c.place.Bucket, c.place.Owner, c.keyARN)
	return one(check.Good("key %s is enabled", cmp.Or(c.keyARN, "of S3")))
}

// below is where one of the checks leaves its objects, as a run's attempt does.
func (c *checker) below(what string) string { return path.Join(c.place.Prefix, c.run, what, "1") + "/" }

func (c *checker) put(ctx context.Context) []check.Result {
	c.wrote.Store(true)
	f, err := c.stage.Probe(effect.With(ctx, "check put", testOnlyPoint), c.below("put"))
	c.sealed = f.Manifest
	if err != nil {
		return one(lacks(check.Bad(err, "an object of ours under the key"), permission.Loader, "s3:PutObject", "kms:GenerateDataKey", "s3:GetObject"))
	}
	return one(check.Good("an object was written and is under the key"))
}

func (c *checker) policy(ctx context.Context) []check.Result {
	passed, err := c.stage.Unsealed(effect.With(ctx, "check policy", testOnlyPoint), c.below("plain"))
	switch {
	case err != nil:
		return one(check.Unknown(err, "a put without the key is refused"))
	case len(passed) > 0:
		r := check.Bad(fmt.Errorf("%s was accepted", strings.Join(passed, ", and ")), "a bucket policy that refuses puts without the key")
		r.Hint = "sealift setup aws --for stage writes the policy of the bucket"
		r.Lacks = []check.Lack{{Refusal: true}}
		return one(r)
	default:
		return one(check.Good("a put without the key is refused by the bucket policy"))
	}
}

// leave takes away what was made to try things. It goes on when the checkup was interrupted.
func (c *checker) leave(ctx context.Context) (results []check.Result) {
	end, cancel := context.WithTimeout(effect.With(context.WithoutCancel(ctx), "check leave", testOnlyPoint), closeTime)
	defer cancel()
	add := func(name, side string, r check.Result) {
		r.Check, r.Side = name, side
		results = append(results, r)
	}
	if c.wrote.Load() {
		if _, err := c.stage.Empty(end, path.Join(c.place.Prefix, c.run)+"/"); err != nil {
			add("empty", "stage", lacks(check.Bad(err, "removing what was written to try"), permission.Loader,
				"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"))
		} else {
			add("empty", "stage", check.Good("what was written to try is gone"))
		}
	}
	for _, s := range c.sides {
		for _, d := range s.doors {
			if _, err := d.Close(end); err != nil {
				add(s.name+" close", s.name, lacks(check.Bad(err, "closing the door"), s.access, "ec2:RevokeSecurityGroupIngress", "ec2:DeleteTags", "scheduler:DeleteSchedule"))
			} else {
				add(s.name+" close", s.name, check.Good("the door is closed again"))
			}
		}
	}
	return results
}
