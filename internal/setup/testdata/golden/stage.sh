#!/usr/bin/env bash
# What the stage of move.yaml needs, written by sealift setup aws: each permission with what it is for. Run it
# with the credentials of an administrator of the account: 333333333333. On stdout is the key's name for the
# other scripts, as eval takes it. What is there already is brought to what stands here: the trust and the
# policy named sealift of each role, and the settings of the key and the bucket. sealift setup aws --diff tells
# beforehand what would change.
set -euo pipefail

# once makes something, and takes it for done where it is there already.
once() {
  local out
  out=$("$@" 2>&1) || case $out in
    *EntityAlreadyExists* | *BucketAlreadyOwnedByYou* | *AlreadyExistsException*) ;;
    *)
      printf '%s\n' "$out" >&2
      return 1
      ;;
  esac
}

# with_key puts the ARN of the stage's key where a document names it.
with_key() { printf '%s' "${1//'${StageKeyArn}'/$StageKeyArn}"; }

# role NAME PATH SECONDS TRUST POLICY makes a role, or brings the one that is there to what stands here.
role() {
  once aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4"
  aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
  aws iam put-role-policy --role-name "$1" --policy-name sealift --policy-document "$(with_key "$5")"
}

# in_account ID tells whether the credentials are of an account.
account=$(aws sts get-caller-identity --query Account --output text)
in_account() { [ "$account" = "$1" ]; }
case $account in
  333333333333) ;;
  *)
    echo "nothing of this is in account $account" >&2
    exit 1
    ;;
esac

# The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than
# its own, it is to be said: export StageKeyArn=arn:...
StageKeyArn=${StageKeyArn:-}
if [ -z "$StageKeyArn" ] && in_account 333333333333; then
  StageKeyArn=$(aws kms describe-key --region eu-west-1 --key-id alias/sealift --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in
    *NotFoundException*) StageKeyArn= ;;
    *)
      printf '%s\n' "$StageKeyArn" >&2
      exit 1
      ;;
  esac
fi

if in_account 333333333333; then
# Administration: administrators of the account, by their own policies, can do everything with the key but use
# it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
# through S3 alone; an upload in parts needs both. Needed by check, copy, load, unload, sync, resume, clean,
# reseal. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
# RedshiftUnloadUnloadKey: under the key, through S3 alone. Needed by check, copy, unload, sync, resume.
# Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
# RedshiftUnloadUnloadKeyParts: S3 reads the parts of a large object when it puts them together. Needed by
# check, copy, unload, sync, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is
# that key. Asked for by S3 User Guide mpuoverview.
# StagingReadCopyKey: under the key, through S3 alone; it can read and never write. Needed by check, copy, load,
# sync, resume, reseal. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administration",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:Delete*",
        "kms:Describe*",
        "kms:Disable*",
        "kms:Enable*",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:Update*"
      ],
      "Resource": "*"
    },
    {
      "Sid": "SealiftLoaderStageKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "kms:GenerateDataKey",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadKeyParts",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "StagingReadCopyKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/staging-read"
        },
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  if [ -z "$StageKeyArn" ]; then
    StageKeyArn=$(aws kms create-key --region eu-west-1 --description 'what sealift stages' --policy "$policy" --query KeyMetadata.Arn --output text)
    aws kms create-alias --region eu-west-1 --alias-name alias/sealift --target-key-id "${StageKeyArn##*/}"
    aws kms enable-key-rotation --region eu-west-1 --key-id "$StageKeyArn"
  else
    aws kms put-key-policy --region eu-west-1 --key-id "$StageKeyArn" --policy-name default --policy "$policy"
  fi
  echo "export StageKeyArn=$StageKeyArn"
fi
: "${StageKeyArn:?make the stage first, in account 333333333333, and say its key here: export StageKeyArn=arn:...}"

if in_account 333333333333; then
  once aws s3api create-bucket --region eu-west-1 --bucket corp-sealift --create-bucket-configuration LocationConstraint=eu-west-1
# Nobody outside is let in, whatever a policy says; what others write is the owner's.
  aws s3api put-public-access-block --region eu-west-1 --bucket corp-sealift --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  aws s3api put-bucket-ownership-controls --region eu-west-1 --bucket corp-sealift --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
  aws s3api put-bucket-encryption --region eu-west-1 --bucket corp-sealift --server-side-encryption-configuration "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$StageKeyArn\"},\"BucketKeyEnabled\":true}]}"
# EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
# clear.
# ThisKeyOnly: what is under another key is refused. Promise: nothing staged in clear.
# SecureTransportOnly: nothing is said in clear. Promise: nothing staged in clear.
# RecentTLSOnly: nothing older than TLS 1.2 is spoken. Promise: nothing staged in clear.
# RedshiftUnloadUnloadList: UNLOAD refuses a prefix below which something is. Needed by check, copy, unload,
# sync, resume. Promise: whole or untouched.
# RedshiftUnloadUnload: UNLOAD writes data and manifest. Needed by check, copy, unload, sync, resume. Promise:
# nothing staged in clear.
# RedshiftUnloadUnloadRead: the manual asks for GET, LIST and PUT. Needed by check, copy, unload, sync, resume.
# Promise: nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
# NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
# remove them, and change this policy. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "EncryptedOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "StringNotEquals": {
          "s3:x-amz-server-side-encryption": "aws:kms"
        }
      }
    },
    {
      "Sid": "ThisKeyOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "StringNotEquals": {
          "s3:x-amz-server-side-encryption-aws-kms-key-id": "${StageKeyArn}"
        }
      }
    },
    {
      "Sid": "SecureTransportOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::corp-sealift",
        "arn:aws:s3:::corp-sealift/*"
      ],
      "Condition": {
        "Bool": {
          "aws:SecureTransport": "false"
        }
      }
    },
    {
      "Sid": "RecentTLSOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": [
        "arn:aws:s3:::corp-sealift",
        "arn:aws:s3:::corp-sealift/*"
      ],
      "Condition": {
        "NumericLessThan": {
          "s3:TlsVersion": "1.2"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadList",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnload",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadRead",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift-unload"
        }
      }
    },
    {
      "Sid": "NamedOnly",
      "Effect": "Deny",
      "Principal": "*",
      "Action": [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject"
      ],
      "Resource": "arn:aws:s3:::corp-sealift/*",
      "Condition": {
        "ArnNotEquals": {
          "aws:PrincipalArn": [
            "arn:aws:iam::333333333333:role/sealift-loader",
            "arn:aws:iam::111111111111:role/redshift-unload",
            "arn:aws:iam::333333333333:role/staging-read"
          ]
        }
      }
    }
  ]
}
JSON
  aws s3api put-bucket-policy --region eu-west-1 --bucket corp-sealift --policy "$(with_key "$policy")"
# sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
# sealift-leftovers: what a run that was lost has left, if nobody runs sealift clean.
read -r -d '' lifecycle <<'JSON' || true
{
  "Rules": [
    {
      "ID": "sealift-parts",
      "Status": "Enabled",
      "Filter": {
        "Prefix": "prod-to-dev/"
      },
      "NoncurrentVersionExpiration": {
        "NoncurrentDays": 1
      },
      "AbortIncompleteMultipartUpload": {
        "DaysAfterInitiation": 1
      }
    },
    {
      "ID": "sealift-leftovers",
      "Status": "Enabled",
      "Filter": {
        "Prefix": "prod-to-dev/20"
      },
      "Expiration": {
        "Days": 7
      }
    }
  ]
}
JSON
  aws s3api put-bucket-lifecycle-configuration --region eu-west-1 --bucket corp-sealift --lifecycle-configuration "$lifecycle"
fi

if in_account 333333333333; then
# arn:aws:iam::333333333333:role/staging-read: is what COPY reads as.
# Chain: taken by arn:aws:iam::222222222222:role/redshift-copy alone, for this user of the target. Needed by
# check, copy, load, sync, resume, reseal. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Chain",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::222222222222:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::222222222222:role/redshift-copy"
        },
        "StringEquals": {
          "sts:ExternalId": "arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"
        }
      }
    }
  ]
}
JSON
# CopyList: COPY looks for what its manifest names. Needed by check, copy, load, sync, resume, reseal. Promise:
# exit 0 means verified. Asked for by DG copy-usage_notes-access-permissions.
# Copy: COPY reads the manifest and the data. Needed by check, copy, load, sync, resume, reseal. Promise: exit 0
# means verified.
# CopyKey: under the key, through S3 alone; it can read and never write. Needed by check, copy, load, sync,
# resume, reseal. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "CopyList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "Copy",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "CopyKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  role staging-read / 3600 "$trust" "$policy"
fi

echo done >&2
