package connect

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

// anyKey has S3 spell the keys of its listings in a way that XML can carry, and undoes it: a key may hold control characters, which XML does
// not have, and which otherwise come as something else, or as an answer that cannot be read.
func anyKey(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("SealiftAnyKey",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			switch list := in.Parameters.(type) {
			case *s3.ListObjectsV2Input:
				asked := *list
				asked.EncodingType, in.Parameters = types.EncodingTypeUrl, &asked
			case *s3.ListObjectVersionsInput:
				asked := *list
				asked.EncodingType, in.Parameters = types.EncodingTypeUrl, &asked
			case *s3.ListMultipartUploadsInput:
				asked := *list
				asked.EncodingType, in.Parameters = types.EncodingTypeUrl, &asked
			}
			out, metadata, err := next.HandleInitialize(ctx, in)
			if err != nil {
				return out, metadata, err
			}
			return out, metadata, plainKeys(out.Result)
		}), middleware.After)
}

// plainKeys undoes the spelling in an answer, where S3 says that it is there. What a next page is asked by is among it.
func plainKeys(answer any) error {
	var encoding types.EncodingType
	var spelt []*string
	switch list := answer.(type) {
	case *s3.ListObjectsV2Output:
		encoding, spelt = list.EncodingType, append(prefixes(list.CommonPrefixes), list.Prefix, list.Delimiter, list.StartAfter)
		for _, o := range list.Contents {
			spelt = append(spelt, o.Key)
		}
	case *s3.ListObjectVersionsOutput:
		encoding, spelt = list.EncodingType, append(prefixes(list.CommonPrefixes), list.Prefix, list.Delimiter, list.KeyMarker, list.NextKeyMarker)
		for _, v := range list.Versions {
			spelt = append(spelt, v.Key)
		}
		for _, m := range list.DeleteMarkers {
			spelt = append(spelt, m.Key)
		}
	case *s3.ListMultipartUploadsOutput:
		encoding, spelt = list.EncodingType, append(prefixes(list.CommonPrefixes), list.Prefix, list.Delimiter, list.KeyMarker, list.NextKeyMarker)
		for _, u := range list.Uploads {
			spelt = append(spelt, u.Key)
		}
	}
	if encoding != types.EncodingTypeUrl {
		return nil
	}
	for _, s := range spelt {
		if s == nil {
			continue
		}
		// A blank comes as + or as %20, a plus only as %2B.
		plain, err := url.QueryUnescape(*s)
		if err != nil {
			return fmt.Errorf("S3 lists a key that cannot be read: %w", err)
		}
		*s = plain
	}
	return nil
}

func prefixes(all []types.CommonPrefix) []*string {
	var out []*string
	for _, p := range all {
		out = append(out, p.Prefix)
	}
	return out
}
