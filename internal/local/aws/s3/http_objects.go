package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// The operations on objects and parts: what is around gofakes3, and what is instead of it.

// getInput reads what a request says about the object it reads, but for the range.
func (x *exchange) getInput() (GetInput, error) {
	h := x.r.Header
	in := GetInput{Bucket: x.bucket, Key: x.key, VersionID: x.query.Get("versionId"), Conditions: readConditions(h, "")}
	// gofakes3 would evaluate what is left of them once more.
	for _, name := range []string{"If-None-Match", "If-Modified-Since"} {
		h.Del(name)
	}
	if err := refuseEncryption(h); err != nil {
		return in, err
	}
	var err error
	if in.Customer, err = customerKey(h, sseHeader+"-customer-"); err != nil {
		return in, err
	}
	if x.query.Has("partNumber") {
		if in.PartNumber, err = x.partNumber(); err != nil {
			return in, err
		}
	}
	if x.caller.id == nil {
		for name := range x.query {
			if strings.HasPrefix(name, "response-") {
				return in, invalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
			}
		}
	}
	return in, nil
}

func (x *exchange) partNumber() (int, error) {
	n, err := strconv.Atoi(x.query.Get("partNumber"))
	if err != nil {
		return 0, invalidArgument("partNumber", x.query.Get("partNumber"), "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, checkPart(n)
}

func (x *exchange) uploadInput() (UploadInput, error) {
	in := UploadInput{Bucket: x.bucket, Key: x.key, UploadID: x.query.Get("uploadId"), Length: max(0, x.r.ContentLength)}
	if err := refuseEncryption(x.r.Header); err != nil {
		return in, err
	}
	var err error
	if in.Number, err = x.partNumber(); err != nil {
		return in, err
	}
	if in.Checksum, err = x.checksum(); err != nil {
		return in, err
	}
	in.Customer, err = customerKey(x.r.Header, sseHeader+"-customer-")
	return in, err
}

// uploadPart stores a part and gives the headers of the answer.
func (x *exchange) uploadPart(body io.Reader) (map[string]string, error) {
	in, err := x.uploadInput()
	if err != nil {
		return nil, err
	}
	p, err := x.caller.UploadPart(x.r.Context(), in, body)
	if err != nil {
		return nil, err
	}
	all := uploadHeaders(p.Upload)
	all["Etag"] = `"` + p.ETag + `"`
	all[checksumHeader(p.Checksum.Algorithm)] = p.Checksum.Value
	return all, nil
}

// uploadEmptyPart is for the part that gofakes3 refuses.
func (x *exchange) uploadEmptyPart() error {
	headers, err := x.uploadPart(x.r.Body)
	if err != nil {
		return err
	}
	x.setHeaders(headers)
	return x.answer(http.StatusOK)
}

func uploadHeaders(u UploadInfo) map[string]string {
	return sealHeaders(u.Algorithm, u.KMSKeyARN, u.BucketKey, u.CustomerMD5)
}

func (x *exchange) setHeaders(headers map[string]string) {
	for name, value := range headers {
		x.w.Header().Set(name, value)
	}
}

// besides leaves out of the headers about a written object what a document tells.
func besides(o ObjectInfo) map[string]string {
	headers := writtenHeaders(o)
	delete(headers, "Etag")
	delete(headers, checksumHeader(o.Checksum.Algorithm))
	delete(headers, "X-Amz-Checksum-Type")
	return headers
}

func (x *exchange) completeUpload() error {
	var doc struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []struct {
			PartNumber int
			ETag       string
			xmlChecksum
		} `xml:"Part"`
	}
	// The checksum headers are about the object, not about this document.
	whole, err := x.checksum()
	if err != nil {
		if whole, err = x.compositeChecksum(); err != nil {
			return err
		}
	}
	data, err := io.ReadAll(io.LimitReader(x.r.Body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(data) > maxDocument {
		return malformedXML()
	}
	if err := parseXML(data, &doc); err != nil {
		return err
	}
	in := CompleteInput{
		Bucket: x.bucket, Key: x.key, UploadID: x.query.Get("uploadId"), Checksum: whole, Conditions: writeConditions(x.r.Header),
	}
	if text := x.r.Header.Get("X-Amz-Mp-Object-Size"); text != "" {
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 {
			return invalidArgument("x-amz-mp-object-size", text, "Value for x-amz-mp-object-size header is invalid.")
		}
		in.Size = &size
	}
	if in.Customer, err = customerKey(x.r.Header, sseHeader+"-customer-"); err != nil {
		return err
	}
	for _, p := range doc.Parts {
		sum, err := p.checksum()
		if err != nil {
			return err
		}
		in.Parts = append(in.Parts, PartInfo{Number: p.PartNumber, ETag: unquote(p.ETag), Checksum: sum})
	}
	info, err := x.caller.CompleteUpload(x.r.Context(), in)
	if err != nil {
		return err
	}
	x.setHeaders(besides(info))
	scheme := "http"
	if x.r.TLS != nil {
		scheme = "https"
	}
	return x.answerXML(struct {
		XMLName   xml.Name `xml:"CompleteMultipartUploadResult"`
		Namespace string   `xml:"xmlns,attr"`
		Location  string
		Bucket    string
		Key       string
		ETag      string
		xmlChecksum
		ChecksumType string
	}{
		Namespace: namespace, Location: scheme + "://" + x.r.Host + (&url.URL{Path: "/" + x.bucket + "/" + x.key}).EscapedPath(),
		Bucket: x.bucket, Key: x.key, ETag: `"` + info.ETag + `"`, xmlChecksum: checksumElement(info.Checksum), ChecksumType: info.Checksum.Type,
	})
}

// compositeChecksum reads the checksum of a whole object that is composite: "...-3".
func (x *exchange) compositeChecksum() (Checksum, error) {
	h := x.r.Header
	for _, name := range checksumNames() {
		value := h.Get(checksumHeader(name))
		sum, count, ok := strings.Cut(value, "-")
		if _, err := strconv.Atoi(count); !ok || err != nil {
			continue
		}
		h.Set(checksumHeader(name), sum)
		_, err := x.checksum()
		h.Set(checksumHeader(name), value)
		return Checksum{Algorithm: name, Value: value, Type: composite}, err
	}
	return x.checksum()
}

// copySource reads x-amz-copy-source: bucket/key, escaped, perhaps with a leading slash and a versionId.
func (x *exchange) copySource() (GetInput, error) {
	text := x.r.Header.Get("X-Amz-Copy-Source")
	path, query, _ := strings.Cut(text, "?")
	wrong := invalidArgument("x-amz-copy-source", text, "Invalid copy source object key")
	plain, err := url.PathUnescape(path)
	if err != nil {
		return GetInput{}, wrong
	}
	if strings.HasPrefix(plain, "arn:") {
		return GetInput{}, awserr.NotImitated("copying from an access point")
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(plain, "/"), "/")
	if !ok || bucket == "" || key == "" {
		return GetInput{}, wrong
	}
	in := GetInput{Bucket: bucket, Key: key, Conditions: readConditions(x.r.Header, "X-Amz-Copy-Source-")}
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil || !values.Has("versionId") {
			return GetInput{}, wrong
		}
		in.VersionID = values.Get("versionId")
	}
	in.Customer, err = customerKey(x.r.Header, "x-amz-copy-source-server-side-encryption-customer-")
	return in, err
}

// directive reads x-amz-metadata-directive and its like.
func (x *exchange) directive(name string) (replace bool, err error) {
	switch value := x.r.Header.Get(name); value {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, invalidArgument(name, value, "Unknown "+strings.TrimPrefix(name, "x-amz-")+".")
	}
}

func (x *exchange) copyObject() error {
	var in CopyInput
	var err error
	if in.From, err = x.copySource(); err != nil {
		return err
	}
	if in.To, err = x.putInput(); err != nil {
		return err
	}
	if in.ReplaceMeta, err = x.directive("x-amz-metadata-directive"); err != nil {
		return err
	}
	if in.ReplaceTags, err = x.directive("x-amz-tagging-directive"); err != nil {
		return err
	}
	info, from, err := x.caller.CopyObject(x.r.Context(), in)
	if err != nil {
		return err
	}
	x.setHeaders(besides(info))
	x.setSourceVersion(from)
	return x.answerXML(struct {
		XMLName      xml.Name `xml:"CopyObjectResult"`
		Namespace    string   `xml:"xmlns,attr"`
		LastModified string
		ETag         string
		ChecksumType string
		xmlChecksum
	}{
		Namespace: namespace, LastModified: xmlTime(info.Modified), ETag: `"` + info.ETag + `"`, ChecksumType: info.Checksum.Type,
		xmlChecksum: checksumElement(info.Checksum),
	})
}

func (x *exchange) setSourceVersion(from ObjectInfo) {
	if from.VersionID != "" {
		x.w.Header().Set("X-Amz-Copy-Source-Version-Id", from.VersionID)
	}
}

func (x *exchange) uploadPartCopy() error {
	from, err := x.copySource()
	if err != nil {
		return err
	}
	to, err := x.uploadInput()
	if err != nil {
		return err
	}
	if text := x.r.Header.Get("X-Amz-Copy-Source-Range"); text != "" {
		from.Range = parseRange(text)
		if from.Range == nil || from.Range.Offset < 0 || from.Range.Length < 0 {
			return invalidArgument("x-amz-copy-source-range", text, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
	}
	p, source, err := x.caller.UploadPartCopy(x.r.Context(), from, to)
	if err != nil {
		return err
	}
	x.setHeaders(uploadHeaders(p.Upload))
	x.setSourceVersion(source)
	return x.answerXML(struct {
		XMLName      xml.Name `xml:"CopyPartResult"`
		Namespace    string   `xml:"xmlns,attr"`
		LastModified string
		ETag         string
		xmlChecksum
	}{Namespace: namespace, LastModified: xmlTime(p.Modified), ETag: `"` + p.ETag + `"`, xmlChecksum: checksumElement(p.Checksum)})
}

// maxDeletes is the most keys that one DeleteObjects takes.
const maxDeletes = 1000

func (x *exchange) deleteObjects() error {
	var doc struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Objects []struct {
			Key              string
			VersionID        string `xml:"VersionId"`
			ETag             string
			LastModifiedTime string
			Size             string
		} `xml:"Object"`
	}
	if err := x.readXML(&doc, true); err != nil {
		return err
	}
	if len(doc.Objects) == 0 || len(doc.Objects) > maxDeletes {
		return malformedXML()
	}
	if _, err := x.caller.bucket(x.bucket); err != nil {
		return err
	}
	type deleted struct {
		Key                   string
		VersionID             string `xml:"VersionId,omitempty"`
		DeleteMarker          bool   `xml:",omitempty"`
		DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
	}
	type failed struct {
		Key       string
		VersionID string `xml:"VersionId,omitempty"`
		Code      string
		Message   string
	}
	out := struct {
		XMLName   xml.Name `xml:"DeleteResult"`
		Namespace string   `xml:"xmlns,attr"`
		Deleted   []deleted
		Errors    []failed `xml:"Error"`
	}{Namespace: namespace}
	for _, o := range doc.Objects {
		if o.LastModifiedTime != "" || o.Size != "" {
			return awserr.NotImitated("deleting on condition of a size or time, as in directory buckets,")
		}
		done, err := x.caller.DeleteObject(x.r.Context(), DeleteInput{
			Bucket: x.bucket, Key: o.Key, VersionID: o.VersionID, Conditions: Conditions{IfMatch: unquote(o.ETag)},
		})
		switch {
		case err != nil:
			f := tell(err)
			out.Errors = append(out.Errors, failed{o.Key, o.VersionID, f.err.Code, f.err.Message})
		case doc.Quiet:
		default:
			d := deleted{Key: o.Key, VersionID: o.VersionID, DeleteMarker: done.Marker}
			if done.Marker {
				d.DeleteMarkerVersionID = done.VersionID
			}
			out.Deleted = append(out.Deleted, d)
		}
	}
	return x.answerXML(out)
}

// headerNumber reads a number that is not negative from a header, and fallback where it is absent or larger.
func headerNumber(h http.Header, name string, fallback int) (int, error) {
	text := h.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalidArgument(strings.ToLower(name), text, "Argument must be an integer between 0 and 2147483647")
	}
	if fallback > 0 {
		n = min(n, fallback)
	}
	return n, nil
}

func (x *exchange) objectAttributes() error {
	wanted := map[string]bool{}
	for _, values := range x.r.Header.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(values, ",") {
			wanted[strings.TrimSpace(name)] = true
		}
	}
	if len(wanted) == 0 {
		return invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	most, err := headerNumber(x.r.Header, "X-Amz-Max-Parts", maxPage)
	if err != nil {
		return err
	}
	after, err := headerNumber(x.r.Header, "X-Amz-Part-Number-Marker", 0)
	if err != nil {
		return err
	}
	in, err := x.getInput()
	if err != nil {
		return err
	}
	info, parts, err := x.caller.objectParts(in)
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Last-Modified", httpTime(info.Modified))
	if info.VersionID != "" {
		h.Set("X-Amz-Version-Id", info.VersionID)
	}
	type checksums struct {
		xmlChecksum
		ChecksumType string
	}
	type part struct {
		PartNumber int
		Size       int64
		xmlChecksum
	}
	type objectParts struct {
		TotalPartsCount      int `xml:"PartsCount"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Parts                []part `xml:"Part"`
	}
	var out struct {
		XMLName      xml.Name `xml:"GetObjectAttributesResponse"`
		Namespace    string   `xml:"xmlns,attr"`
		ETag         string   `xml:",omitempty"`
		Checksum     *checksums
		ObjectParts  *objectParts
		StorageClass string `xml:",omitempty"`
		ObjectSize   *int64
	}
	out.Namespace = namespace
	if wanted["ETag"] {
		out.ETag = info.ETag
	}
	if wanted["Checksum"] {
		out.Checksum = &checksums{checksumElement(info.Checksum), info.Checksum.Type}
	}
	if wanted["ObjectParts"] && info.Parts > 0 {
		list := &objectParts{TotalPartsCount: info.Parts, PartNumberMarker: after, MaxParts: most}
		out.ObjectParts = list
		for _, p := range parts {
			if p.Number <= after {
				continue
			}
			if len(list.Parts) == most {
				list.IsTruncated = true
				break
			}
			list.NextPartNumberMarker = p.Number
			list.Parts = append(list.Parts, part{p.Number, p.Size, checksumElement(p.Checksum)})
		}
	}
	if wanted["StorageClass"] {
		out.StorageClass = storageClass(info.StorageClass)
	}
	if wanted["ObjectSize"] {
		out.ObjectSize = &info.Size
	}
	return x.answerXML(out)
}

func (x *exchange) createBucket() error {
	if err := checkBucketACL(x.r.Header); err != nil {
		return err
	}
	if x.r.Header.Get("X-Amz-Bucket-Object-Lock-Enabled") == "true" {
		return awserr.NotImitated("object lock")
	}
	if o := x.r.Header.Get("X-Amz-Object-Ownership"); o != "" && o != bucketOwnerEnforced {
		return awserr.NotImitated("object ownership " + o)
	}
	var doc struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
		Location           *struct{ Type, Name string }
		Bucket             *struct{ Type, DataRedundancy string }
		Tags               []xmlTag `xml:"Tags>Tag"`
	}
	data, err := x.document(false)
	if err != nil {
		return err
	}
	if len(data) > 0 {
		if err := parseXML(data, &doc); err != nil {
			return err
		}
	}
	if doc.Location != nil || doc.Bucket != nil {
		return awserr.NotImitated("directory bucket")
	}
	tags, err := readTags(doc.Tags, maxBucketTags)
	if err != nil {
		return err
	}
	if _, err := x.caller.CreateBucket(x.r.Context(), x.bucket, doc.LocationConstraint); err != nil {
		return err
	}
	if len(tags) > 0 {
		if err := x.putBucketTags(tags); err != nil {
			return err
		}
	}
	x.w.Header().Set("Location", "/"+x.bucket)
	return x.answer(http.StatusOK)
}

// checkBucketACL accepts the access control list that every bucket has.
func checkBucketACL(h http.Header) error {
	if h.Get("X-Amz-Acl") == "private" {
		return nil
	}
	if acl := h.Get("X-Amz-Acl"); acl != "" {
		return refuse(http.StatusBadRequest, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
	}
	return checkACL(h)
}
