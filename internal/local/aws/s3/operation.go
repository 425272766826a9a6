package s3

import (
	"net/http"
	"slices"
)

// settingNames are the nouns in the names of the operations on a bucket's settings: GetBucketPolicy, PutBucketPolicy.
var settingNames = map[string]string{
	"acl": "BucketAcl", "cors": "BucketCors", "encryption": "BucketEncryption", "inventory": "BucketInventoryConfiguration",
	"lifecycle": "BucketLifecycleConfiguration", "location": "BucketLocation", "logging": "BucketLogging",
	"notification": "BucketNotificationConfiguration", "object-lock": "ObjectLockConfiguration",
	"ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy", "policyStatus": "BucketPolicyStatus",
	"publicAccessBlock": "PublicAccessBlock", "replication": "BucketReplication", "requestPayment": "BucketRequestPayment",
	"tagging": "BucketTagging", "versioning": "BucketVersioning", "website": "BucketWebsite",
}

// Operation names the operation that a request asks for as the API reference does. What has no name here has its method
// and subresource for one.
func Operation(r *http.Request) string {
	x := exchange{query: r.URL.Query()}
	x.bucket, x.key = resource(r.Host, r.URL.Path)
	method := r.Method
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[method]
	switch {
	case x.bucket == "":
		return known(method, map[string]string{"GET": "ListBuckets"})
	case x.key == "":
		sub := x.subresource(bucketSubresources...)
		switch {
		case sub == "uploads":
			return known(method, map[string]string{"GET": "ListMultipartUploads"})
		case sub == "versions":
			return known(method, map[string]string{"GET": "ListObjectVersions"})
		case sub == "delete":
			return known(method, map[string]string{"POST": "DeleteObjects"})
		case sub == "lifecycle" && method == http.MethodDelete:
			return "DeleteBucketLifecycle"
		case settingNames[sub] != "" && verb != "":
			return verb + settingNames[sub]
		case sub != "":
			return method + " ?" + sub
		case method == http.MethodGet && x.query.Get("list-type") == "2":
			return "ListObjectsV2"
		}
		return known(method, map[string]string{"GET": "ListObjects", "PUT": "CreateBucket", "HEAD": "HeadBucket", "DELETE": "DeleteBucket"})
	}
	copies := r.Header.Get("X-Amz-Copy-Source") != "" && method == http.MethodPut
	switch sub := x.subresource(objectSubresources...); {
	case sub == "uploads":
		return known(method, map[string]string{"POST": "CreateMultipartUpload"})
	case sub == "uploadId" && copies:
		return "UploadPartCopy"
	case sub == "uploadId":
		return known(method, map[string]string{
			"GET": "ListParts", "PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload",
		})
	case sub == "restore":
		return known(method, map[string]string{"POST": "RestoreObject"})
	case sub == "attributes":
		return known(method, map[string]string{"GET": "GetObjectAttributes"})
	case slices.Contains([]string{"acl", "tagging"}, sub) && verb != "":
		return verb + map[string]string{"acl": "ObjectAcl", "tagging": "ObjectTagging"}[sub]
	case sub != "":
		return method + " ?" + sub
	case copies:
		return "CopyObject"
	}
	return known(method, map[string]string{"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"})
}

// known gives the name that belongs to a method; the method itself where there is none.
func known(method string, names map[string]string) string {
	if name := names[method]; name != "" {
		return name
	}
	return method
}
