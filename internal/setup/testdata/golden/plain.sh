#!/usr/bin/env bash
# What all accounts of plain.yaml need, written by sealift setup aws: each permission with what it is for. Run
# it with the credentials of an administrator of the account: 111111111111. What is there already is brought to
# what stands here: the trust and the policy named sealift of each role, and the settings of the key and the
# bucket. sealift setup aws --diff tells beforehand what would change.
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
  111111111111) ;;
  *)
    echo "nothing of this is in account $account" >&2
    exit 1
    ;;
esac

StageKeyArn=arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f

if in_account 111111111111; then
# Administration: administrators of the account, by their own policies, can do everything with the key but use
# it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
# through S3 alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged
# in clear. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins.
# Needed by check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear. Wide
# because in a key's own policy, * is that key.
# RedshiftUnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by
# copy, unload, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
# RedshiftCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume.
# Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administration",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
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
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    },
    {
      "Sid": "SealiftLoaderStageKeyState",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "kms:DescribeKey",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/sealift-loader"
        }
      }
    },
    {
      "Sid": "RedshiftUnloadKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift"
        },
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    },
    {
      "Sid": "RedshiftCopyKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111111111111:root"
      },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::111111111111:role/redshift"
        },
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    }
  ]
}
JSON
# The key is there already. Its policy may say more than this, so it is not replaced: see that it has what is in
# $policy.
  aws kms describe-key --region us-east-1 --key-id "$StageKeyArn" --query KeyMetadata.KeyState --output text
fi

if in_account 111111111111; then
  once aws s3api create-bucket --region us-east-1 --bucket corp-sealift
# Nobody outside is let in, whatever a policy says; what others write is the owner's.
  aws s3api put-public-access-block --region us-east-1 --bucket corp-sealift --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  aws s3api put-bucket-ownership-controls --region us-east-1 --bucket corp-sealift --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
  aws s3api put-bucket-encryption --region us-east-1 --bucket corp-sealift --server-side-encryption-configuration "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$StageKeyArn\"},\"BucketKeyEnabled\":true}]}"
# EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
# clear.
# ThisKeyOnly: what is under another key is refused. Promise: nothing staged in clear.
# SecureTransportOnly: nothing is said in clear. Promise: nothing staged in clear.
# RecentTLSOnly: nothing older than TLS 1.2 is spoken. Promise: nothing staged in clear.
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
          "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"
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
            "arn:aws:iam::111111111111:role/sealift-loader",
            "arn:aws:iam::111111111111:role/redshift"
          ]
        }
      }
    }
  ]
}
JSON
  aws s3api put-bucket-policy --region us-east-1 --bucket corp-sealift --policy "$(with_key "$policy")"
# sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
read -r -d '' lifecycle <<'JSON' || true
{
  "Rules": [
    {
      "ID": "sealift-parts",
      "Status": "Enabled",
      "Filter": {
        "Prefix": ""
      },
      "NoncurrentVersionExpiration": {
        "NoncurrentDays": 1
      },
      "AbortIncompleteMultipartUpload": {
        "DaysAfterInitiation": 1
      }
    }
  ]
}
JSON
  aws s3api put-bucket-lifecycle-configuration --region us-east-1 --bucket corp-sealift --lifecycle-configuration "$lifecycle"
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/sealift-loader: runs Sealift; and looks the source up and logs in to it; and
# looks the target up and logs in to it.
# Instances: an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Instances",
      "Effect": "Allow",
      "Principal": {
        "Service": "ec2.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
JSON
# StageList: sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and
# afterwards that no object, version or upload is left. Needed by check, plan, copy, load, unload, resume,
# verify, clean. Promise: nothing left.
# StageObjects: checks every staged object, writes the manifest that COPY reads, parts of files and the lease on
# the target, and removes all of it. Needed by copy, load, unload, resume, clean. Promise: nothing staged in
# clear.
# StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
# alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged in clear.
# StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
# check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "StageList",
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads"
      ],
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "StageObjects",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload"
      ],
      "Resource": "arn:aws:s3:::corp-sealift/*"
    },
    {
      "Sid": "StageKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    },
    {
      "Sid": "StageKeyState",
      "Effect": "Allow",
      "Action": "kms:DescribeKey",
      "Resource": "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f"
    }
  ]
}
JSON
  role sealift-loader / 3600 "$trust" "$policy"
# Instances have roles by profiles. Give them IMDSv2 alone: --metadata-options HttpTokens=required.
  once aws iam create-instance-profile --instance-profile-name sealift-loader
  aws iam add-role-to-instance-profile --instance-profile-name sealift-loader --role-name sealift-loader 2>/dev/null ||
    [ "$(aws iam get-instance-profile --instance-profile-name sealift-loader --query 'InstanceProfile.Roles[0].RoleName' --output text)" = sealift-loader ]
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/redshift: is what UNLOAD writes as; and is what COPY reads as.
# Source: the source runs statements as this role, where it is attached. Needed by copy, unload, resume.
# Promise: least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an
# external id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
# Target: the target runs statements as this role, where it is attached. Needed by copy, load, resume. Promise:
# least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an external
# id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Source",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    },
    {
      "Sid": "Target",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
JSON
# UnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume. Promise: whole
# or untouched.
# Unload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged in clear.
# UnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise: nothing staged in
# clear. Asked for by DG copy-usage_notes-access-permissions.
# UnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by copy,
# unload, resume. Promise: nothing staged in clear.
# CopyList: COPY looks for what its manifest names. Needed by copy, load, resume. Promise: exit 0 means
# verified. Asked for by DG copy-usage_notes-access-permissions.
# Copy: COPY reads the manifest and the data. Needed by copy, load, resume. Promise: exit 0 means verified.
# CopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume. Promise:
# nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "UnloadList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "Unload",
      "Effect": "Allow",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/*"
    },
    {
      "Sid": "UnloadRead",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/*"
    },
    {
      "Sid": "UnloadKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    },
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
      "Resource": "arn:aws:s3:::corp-sealift/*"
    },
    {
      "Sid": "CopyKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "arn:aws:kms:us-east-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.us-east-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift / 3600 "$trust" "$policy"
# Attach the role to the source by hand: aws redshift modify-cluster-iam-roles --cluster-identifier CLUSTER
# --add-iam-roles arn:aws:iam::111111111111:role/redshift
# Attach the role to the target by hand: aws redshift modify-cluster-iam-roles --cluster-identifier CLUSTER
# --add-iam-roles arn:aws:iam::111111111111:role/redshift
fi

echo done
