package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The documents of S3's listings. Elements are in the order in which S3 sends them.

const timeLayout = "2006-01-02T15:04:05.000Z"

func xmlTime(t time.Time) string { return t.UTC().Format(timeLayout) }

type xmlOwner struct {
	ID string
}

// ownerOf stands in for the canonical user id of an account, which is 64 hexadecimal digits and nowhere documented.
func ownerOf(account string) xmlOwner {
	return xmlOwner{ID: strings.Repeat("0", 64-len(account)) + account}
}

type xmlPrefix struct {
	Prefix string
}

type xmlObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int64
	StorageClass      string
	Owner             *xmlOwner
}

// spelling writes keys as the request's encoding-type asks.
type spelling bool

func (x *exchange) spelling() (spelling, error) {
	switch kind := x.query.Get("encoding-type"); kind {
	case "":
		return false, nil
	case "url":
		return true, nil
	default:
		return false, invalidArgument("encoding-type", kind, "Invalid Encoding Method specified in Request")
	}
}

// of escapes a key, but for slashes. A space becomes %20, which clients undo whether or not they take + for one.
func (s spelling) of(key string) string {
	if !s {
		return key
	}
	text := strings.ReplaceAll(url.QueryEscape(key), "+", "%20")
	return strings.ReplaceAll(text, "%2F", "/")
}

func (s spelling) name() string {
	if s {
		return "url"
	}
	return ""
}

func (s spelling) prefixes(all []string) []xmlPrefix {
	var out []xmlPrefix
	for _, p := range all {
		out = append(out, xmlPrefix{s.of(p)})
	}
	return out
}

// most reads the parameter that bounds a page. More than S3's own bound is that bound.
func (x *exchange) most(name string, normal int) (int, error) {
	text := x.query.Get(name)
	if text == "" {
		return normal, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, invalidArgument(name, text, "Provided "+name+" not an integer or within integer range")
	}
	if n < 0 {
		return 0, invalidArgument(name, text, "Argument "+name+" must be an integer between 0 and 2147483647")
	}
	return min(int(n), normal), nil
}

func storageClass(name string) string {
	if name == "" {
		return "STANDARD"
	}
	return name
}

func (x *exchange) listBuckets() error {
	all, err := x.caller.ListBuckets(x.r.Context())
	if err != nil {
		return err
	}
	limit, err := x.most("max-buckets", 10_000)
	if err != nil {
		return err
	}
	after, err := token(x.query.Get("continuation-token"))
	if err != nil {
		return err
	}
	type bucket struct {
		Name         string
		CreationDate string
		BucketRegion string
	}
	out := struct {
		XMLName           xml.Name `xml:"ListAllMyBucketsResult"`
		Namespace         string   `xml:"xmlns,attr"`
		Owner             xmlOwner
		Buckets           []bucket `xml:"Buckets>Bucket"`
		ContinuationToken string   `xml:",omitempty"`
		Prefix            string   `xml:",omitempty"`
	}{Namespace: namespace, Owner: ownerOf(x.caller.id.Account), Prefix: x.query.Get("prefix")}
	region := x.query.Get("bucket-region")
	for _, b := range all {
		if b.Name <= after || !strings.HasPrefix(b.Name, out.Prefix) || region != "" && region != b.Region {
			continue
		}
		if len(out.Buckets) == limit {
			if limit > 0 {
				out.ContinuationToken = newToken(out.Buckets[limit-1].Name)
			}
			break
		}
		out.Buckets = append(out.Buckets, bucket{b.Name, xmlTime(b.Created), b.Region})
	}
	return x.answerXML(out)
}

// Continuation tokens are opaque to clients. They hold where the next page begins.
func newToken(after string) string { return base64.URLEncoding.EncodeToString([]byte(after)) }

func token(text string) (string, error) {
	after, err := base64.URLEncoding.DecodeString(text)
	if err != nil {
		return "", invalidArgument("continuation-token", text, "The continuation token provided is incorrect")
	}
	return string(after), nil
}

type listBucketResult struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Namespace             string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Marker                *string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextMarker            string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              *int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []xmlObject
	CommonPrefixes        []xmlPrefix
}

func (x *exchange) listObjects() error {
	q := x.query
	spell, err := x.spelling()
	if err != nil {
		return err
	}
	limit, err := x.most("max-keys", maxPage)
	if err != nil {
		return err
	}
	second := q.Get("list-type") == "2"
	if kind := q.Get("list-type"); kind != "" && !second {
		return invalidArgument("list-type", kind, "Invalid List Type specified in Request")
	}
	in := ListInput{Bucket: x.bucket, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), Max: limit}
	out := listBucketResult{
		Namespace: namespace, Name: x.bucket, Prefix: spell.of(in.Prefix), Delimiter: spell.of(in.Delimiter), MaxKeys: limit,
		EncodingType: spell.name(),
	}
	if second {
		in.StartAfter = q.Get("start-after")
		out.StartAfter = spell.of(in.StartAfter)
		if q.Has("continuation-token") {
			out.ContinuationToken = q.Get("continuation-token")
			if in.StartAfter, err = token(out.ContinuationToken); err != nil || in.StartAfter == "" {
				return invalidArgument("continuation-token", out.ContinuationToken, "The continuation token provided is incorrect")
			}
		}
	} else {
		in.StartAfter = q.Get("marker")
		marker := spell.of(in.StartAfter)
		out.Marker = &marker
	}
	if limit == 0 { // a page of nothing: S3 answers that there is no more
		in.Max = 1
	}
	page, err := x.caller.List(x.r.Context(), in)
	if err != nil {
		return err
	}
	if limit == 0 {
		page = ListResult{}
	}
	withOwner := !second || q.Get("fetch-owner") == "true"
	owner, err := x.owner()
	if err != nil {
		return err
	}
	for _, o := range page.Objects {
		item := xmlObject{
			Key: spell.of(o.Key), LastModified: xmlTime(o.Modified), ETag: `"` + o.ETag + `"`, Size: o.Size, StorageClass: storageClass(o.StorageClass),
			ChecksumAlgorithm: o.Checksum.Algorithm, ChecksumType: o.Checksum.Type,
		}
		if withOwner {
			item.Owner = &owner
		}
		out.Contents = append(out.Contents, item)
	}
	out.CommonPrefixes = spell.prefixes(page.Prefixes)
	out.IsTruncated = page.Truncated
	if second {
		count := len(page.Objects) + len(page.Prefixes)
		out.KeyCount = &count
		if page.Truncated {
			out.NextContinuationToken = newToken(page.Next)
		}
	} else if page.Truncated && in.Delimiter != "" { // without a delimiter the last key serves
		out.NextMarker = spell.of(page.Next)
	}
	return x.answerXML(out)
}

// owner is the bucket's owner, to whom all objects belong.
func (x *exchange) owner() (xmlOwner, error) {
	b, err := x.s.find(x.bucket)
	if err != nil {
		return xmlOwner{}, err
	}
	return ownerOf(b.config().Owner), nil
}

type xmlVersion struct {
	XMLName           xml.Name // Version or DeleteMarker
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      string
	ETag              string `xml:",omitempty"`
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              *int64
	StorageClass      string `xml:",omitempty"`
	Owner             xmlOwner
}

func (x *exchange) listVersions() error {
	q := x.query
	spell, err := x.spelling()
	if err != nil {
		return err
	}
	limit, err := x.most("max-keys", maxPage)
	if err != nil {
		return err
	}
	in := VersionsInput{
		Bucket: x.bucket, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"),
		KeyMarker: q.Get("key-marker"), VersionMarker: q.Get("version-id-marker"), Max: max(1, limit),
	}
	if q.Has("version-id-marker") && in.KeyMarker == "" {
		return invalidArgument("version-id-marker", in.VersionMarker, "A version-id marker cannot be specified without a key marker.")
	}
	page, err := x.caller.ListVersions(x.r.Context(), in)
	if err != nil {
		return err
	}
	if limit == 0 {
		page = VersionsResult{}
	}
	owner, err := x.owner()
	if err != nil {
		return err
	}
	out := struct {
		XMLName             xml.Name `xml:"ListVersionsResult"`
		Namespace           string   `xml:"xmlns,attr"`
		Name                string
		Prefix              string
		KeyMarker           string
		VersionIDMarker     string `xml:"VersionIdMarker"`
		NextKeyMarker       string `xml:",omitempty"`
		NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
		MaxKeys             int
		Delimiter           string `xml:",omitempty"`
		EncodingType        string `xml:",omitempty"`
		IsTruncated         bool
		Versions            []xmlVersion
		CommonPrefixes      []xmlPrefix
	}{
		Namespace: namespace, Name: x.bucket, Prefix: spell.of(in.Prefix), KeyMarker: spell.of(in.KeyMarker), VersionIDMarker: in.VersionMarker,
		NextKeyMarker: spell.of(page.NextKey), NextVersionIDMarker: page.NextVersion, MaxKeys: limit, Delimiter: spell.of(in.Delimiter),
		EncodingType: spell.name(), IsTruncated: page.Truncated, CommonPrefixes: spell.prefixes(page.Prefixes),
	}
	for _, v := range page.Versions {
		item := xmlVersion{
			XMLName: xml.Name{Local: "Version"}, Key: spell.of(v.Key), VersionID: v.VersionID, IsLatest: v.Latest, LastModified: xmlTime(v.Modified), Owner: owner,
		}
		if v.DeleteMarker {
			item.XMLName.Local = "DeleteMarker"
		} else {
			item.ETag, item.Size, item.StorageClass = `"`+v.ETag+`"`, &v.Size, storageClass(v.StorageClass)
			item.ChecksumAlgorithm, item.ChecksumType = v.Checksum.Algorithm, v.Checksum.Type
		}
		out.Versions = append(out.Versions, item)
	}
	return x.answerXML(out)
}

type xmlInitiator struct {
	ID          string
	DisplayName string
}

func (x *exchange) listUploads() error {
	q := x.query
	spell, err := x.spelling()
	if err != nil {
		return err
	}
	limit, err := x.most("max-uploads", maxPage)
	if err != nil {
		return err
	}
	in := UploadsInput{
		Bucket: x.bucket, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"),
		KeyMarker: q.Get("key-marker"), IDMarker: q.Get("upload-id-marker"), Max: max(1, limit),
	}
	page, err := x.caller.ListUploads(x.r.Context(), in)
	if err != nil {
		return err
	}
	if limit == 0 {
		page = UploadsResult{}
	}
	owner, err := x.owner()
	if err != nil {
		return err
	}
	type upload struct {
		Key               string
		UploadID          string `xml:"UploadId"`
		Initiator         xmlInitiator
		Owner             xmlOwner
		StorageClass      string
		Initiated         string
		ChecksumAlgorithm string
		ChecksumType      string
	}
	out := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Namespace          string   `xml:"xmlns,attr"`
		Bucket             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
		Delimiter          string `xml:",omitempty"`
		Prefix             string
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Uploads            []upload `xml:"Upload"`
		CommonPrefixes     []xmlPrefix
	}{
		Namespace: namespace, Bucket: x.bucket, KeyMarker: spell.of(in.KeyMarker), UploadIDMarker: in.IDMarker,
		NextKeyMarker: spell.of(page.NextKey), NextUploadIDMarker: page.NextID, Delimiter: spell.of(in.Delimiter), Prefix: spell.of(in.Prefix),
		EncodingType: spell.name(), MaxUploads: limit, IsTruncated: page.Truncated, CommonPrefixes: spell.prefixes(page.Prefixes),
	}
	for _, u := range page.Uploads {
		out.Uploads = append(out.Uploads, upload{
			Key: spell.of(u.Key), UploadID: u.ID, Initiator: xmlInitiator{u.Initiator, u.Initiator}, Owner: owner,
			StorageClass: storageClass(u.StorageClass), Initiated: xmlTime(u.Initiated), ChecksumAlgorithm: u.Checksum, ChecksumType: u.ChecksumType,
		})
	}
	return x.answerXML(out)
}

// xmlChecksum has one element set, that of the algorithm.
type xmlChecksum struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
}

func checksumElement(c Checksum) xmlChecksum {
	var out xmlChecksum
	switch c.Algorithm {
	case crc32Name:
		out.ChecksumCRC32 = c.Value
	case crc32cName:
		out.ChecksumCRC32C = c.Value
	case crc64nvmeName:
		out.ChecksumCRC64NVME = c.Value
	case sha1Name:
		out.ChecksumSHA1 = c.Value
	case sha256Name:
		out.ChecksumSHA256 = c.Value
	}
	return out
}

// checksum gives the checksum that is set. More than one is a mistake of the client's.
func (c xmlChecksum) checksum() (Checksum, error) {
	var out Checksum
	for name, value := range map[string]string{
		crc32Name: c.ChecksumCRC32, crc32cName: c.ChecksumCRC32C, crc64nvmeName: c.ChecksumCRC64NVME, sha1Name: c.ChecksumSHA1, sha256Name: c.ChecksumSHA256,
	} {
		if value == "" {
			continue
		}
		if out.Algorithm != "" {
			return out, malformedXML()
		}
		out = Checksum{Algorithm: name, Value: value}
	}
	return out, nil
}

func (x *exchange) listParts() error {
	q := x.query
	limit, err := x.most("max-parts", maxPage)
	if err != nil {
		return err
	}
	after := 0
	if text := q.Get("part-number-marker"); text != "" {
		if after, err = strconv.Atoi(text); err != nil || after < 0 {
			return invalidArgument("part-number-marker", text, "Argument part-number-marker must be an integer between 0 and 2147483647")
		}
	}
	u, parts, more, err := x.caller.ListParts(x.r.Context(), x.bucket, x.key, q.Get("uploadId"), after, limit)
	if err != nil {
		return err
	}
	owner, err := x.owner()
	if err != nil {
		return err
	}
	type part struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int64
		xmlChecksum
	}
	out := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Namespace            string   `xml:"xmlns,attr"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		Initiator            xmlInitiator
		Owner                xmlOwner
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string
		ChecksumType         string
		Parts                []part `xml:"Part"`
	}{
		Namespace: namespace, Bucket: x.bucket, Key: x.key, UploadID: u.ID, Initiator: xmlInitiator{u.Initiator, u.Initiator}, Owner: owner,
		StorageClass: storageClass(u.StorageClass), PartNumberMarker: after, MaxParts: limit, IsTruncated: more && limit > 0,
		ChecksumAlgorithm: u.Checksum, ChecksumType: u.ChecksumType,
	}
	for _, p := range parts {
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, part{p.Number, xmlTime(p.Modified), `"` + p.ETag + `"`, p.Size, checksumElement(p.Checksum)})
	}
	return x.answerXML(out)
}

// headBucket and deleteBucket answer without a document.
func (x *exchange) headBucket() error {
	b, err := x.caller.HeadBucket(x.r.Context(), x.bucket)
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("X-Amz-Bucket-Region", b.Region)
	h.Set("X-Amz-Access-Point-Alias", "false")
	return x.answer(http.StatusOK)
}

func (x *exchange) deleteBucket() error {
	if err := x.caller.DeleteBucket(x.r.Context(), x.bucket); err != nil {
		return err
	}
	return x.answer(http.StatusNoContent)
}
