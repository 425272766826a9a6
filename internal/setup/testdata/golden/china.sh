#!/usr/bin/env bash
# What all accounts of china.yaml need, written by sealift setup aws: each permission with what it is for. Run
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

# The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than
# its own, it is to be said: export StageKeyArn=arn:...
StageKeyArn=${StageKeyArn:-}
if [ -z "$StageKeyArn" ] && in_account 111111111111; then
  StageKeyArn=$(aws kms describe-key --region cn-north-1 --key-id alias/sealift --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in
    *NotFoundException*) StageKeyArn= ;;
    *)
      printf '%s\n' "$StageKeyArn" >&2
      exit 1
      ;;
  esac
fi

if in_account 111111111111; then
# Administration: administrators of the account, by their own policies, can do everything with the key but use
# it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
# through S3 alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged
# in clear. Wide because in a key's own policy, * is that key.
# SealiftLoaderStageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins.
# Needed by check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear. Wide
# because in a key's own policy, * is that key.
# SealiftLoaderStateKey: plan, journal and receipt are under the stage's key, too. Needed by copy, load, unload,
# resume, runs, show. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
# SealiftLoaderOutKey: what is unloaded into S3 is under the stage's key. Needed by unload. Promise: nothing
# staged in clear. Wide because in a key's own policy, * is that key.
# RedshiftUnloadUnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both.
# Needed by copy, unload, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is
# that key.
# RedshiftCopyCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load,
# resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administration",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
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
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    },
    {
      "Sid": "SealiftLoaderStageKeyState",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": "kms:DescribeKey",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/sealift-loader"
        }
      }
    },
    {
      "Sid": "SealiftLoaderStateKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-state",
            "arn:aws-cn:s3:::corp-state/sealift/runs/*"
          ]
        }
      }
    },
    {
      "Sid": "SealiftLoaderOutKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/sealift-loader"
        },
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-out",
            "arn:aws-cn:s3:::corp-out/orders/*"
          ]
        }
      }
    },
    {
      "Sid": "RedshiftUnloadUnloadKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/redshift-unload"
        },
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    },
    {
      "Sid": "RedshiftCopyCopyKey",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/redshift-copy"
        },
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    }
  ]
}
JSON
  if [ -z "$StageKeyArn" ]; then
    StageKeyArn=$(aws kms create-key --region cn-north-1 --description 'what sealift stages' --policy "$policy" --query KeyMetadata.Arn --output text)
    aws kms create-alias --region cn-north-1 --alias-name alias/sealift --target-key-id "${StageKeyArn##*/}"
    aws kms enable-key-rotation --region cn-north-1 --key-id "$StageKeyArn"
  else
    aws kms put-key-policy --region cn-north-1 --key-id "$StageKeyArn" --policy-name default --policy "$policy"
  fi
  echo "export StageKeyArn=$StageKeyArn"
fi
: "${StageKeyArn:?make the stage first, in account 111111111111, and say its key here: export StageKeyArn=arn:...}"

if in_account 111111111111; then
  once aws s3api create-bucket --region cn-north-1 --bucket corp-sealift-cn --create-bucket-configuration LocationConstraint=cn-north-1
# Nobody outside is let in, whatever a policy says; what others write is the owner's.
  aws s3api put-public-access-block --region cn-north-1 --bucket corp-sealift-cn --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
  aws s3api put-bucket-ownership-controls --region cn-north-1 --bucket corp-sealift-cn --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'
# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
  aws s3api put-bucket-encryption --region cn-north-1 --bucket corp-sealift-cn --server-side-encryption-configuration "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"$StageKeyArn\"},\"BucketKeyEnabled\":true}]}"
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
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/*",
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
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/*",
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
        "arn:aws-cn:s3:::corp-sealift-cn",
        "arn:aws-cn:s3:::corp-sealift-cn/*"
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
        "arn:aws-cn:s3:::corp-sealift-cn",
        "arn:aws-cn:s3:::corp-sealift-cn/*"
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
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/*",
      "Condition": {
        "ArnNotEquals": {
          "aws:PrincipalArn": [
            "arn:aws-cn:iam::111111111111:role/sealift-loader",
            "arn:aws-cn:iam::111111111111:role/redshift-unload",
            "arn:aws-cn:iam::111111111111:role/redshift-copy"
          ]
        }
      }
    }
  ]
}
JSON
  aws s3api put-bucket-policy --region cn-north-1 --bucket corp-sealift-cn --policy "$(with_key "$policy")"
# sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
# sealift-leftovers: what failed runs keep, because the job says keep: on-failure.
read -r -d '' lifecycle <<'JSON' || true
{
  "Rules": [
    {
      "ID": "sealift-parts",
      "Status": "Enabled",
      "Filter": {
        "Prefix": "a/b/"
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
        "Prefix": "a/b/20"
      },
      "Expiration": {
        "Days": 30
      }
    }
  ]
}
JSON
  aws s3api put-bucket-lifecycle-configuration --region cn-north-1 --bucket corp-sealift-cn --lifecycle-configuration "$lifecycle"
fi

if in_account 111111111111; then
# arn:aws-cn:iam::111111111111:role/sealift-loader: runs Sealift; and looks the target up and logs in to it.
# Instances: an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Instances",
      "Effect": "Allow",
      "Principal": {
        "Service": "ec2.amazonaws.com.cn"
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
# StateList: finds runs, and the parts of a run's journal. Needed by resume, runs, show, verify, clean. Promise:
# whole or untouched.
# State: keeps plan, journal and receipt of each run where another machine finds them. Needed by copy, load,
# unload, resume, runs, show. Promise: whole or untouched.
# StateKey: plan, journal and receipt are under the stage's key, too. Needed by copy, load, unload, resume,
# runs, show. Promise: nothing staged in clear.
# OutList: finds the bucket's region, and that nothing is below the prefix yet. Needed by unload. Promise: whole
# or untouched.
# Out: has S3 copy what was unloaded, checks each copy, writes the manifest last, and removes the copies of an
# unload that failed. Needed by unload. Promise: whole or untouched.
# OutKey: what is unloaded into S3 is under the stage's key. Needed by unload. Promise: nothing staged in clear.
# TakeSource: comes into the account of the source. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
# LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege.
# SecretTarget: the password is read anew for each session, and is never in a file. Needed by check, plan, copy,
# load, unload, resume, verify, clean. Promise: no secret anywhere.
# SecretKeyTarget: the secret is under a key. Needed by check, plan, copy, load, unload, resume, verify, clean.
# Promise: no secret anywhere. Wide because which key that is, only the secret tells; through Secrets Manager,
# and for this secret alone.
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
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn"
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
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
    },
    {
      "Sid": "StageKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    },
    {
      "Sid": "StageKeyState",
      "Effect": "Allow",
      "Action": "kms:DescribeKey",
      "Resource": "${StageKeyArn}"
    },
    {
      "Sid": "StateList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-cn:s3:::corp-state"
    },
    {
      "Sid": "State",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:PutObject"
      ],
      "Resource": "arn:aws-cn:s3:::corp-state/sealift/runs/*"
    },
    {
      "Sid": "StateKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-state",
            "arn:aws-cn:s3:::corp-state/sealift/runs/*"
          ]
        }
      }
    },
    {
      "Sid": "OutList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-cn:s3:::corp-out"
    },
    {
      "Sid": "Out",
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject"
      ],
      "Resource": "arn:aws-cn:s3:::corp-out/orders/*"
    },
    {
      "Sid": "OutKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-out",
            "arn:aws-cn:s3:::corp-out/orders/*"
          ]
        }
      }
    },
    {
      "Sid": "TakeSource",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws-cn:iam::111111111111:role/sealift/source"
    },
    {
      "Sid": "LookUpTarget",
      "Effect": "Allow",
      "Action": "redshift:DescribeClusters",
      "Resource": "arn:aws-cn:redshift:cn-north-1:111111111111:cluster:dev"
    },
    {
      "Sid": "SecretTarget",
      "Effect": "Allow",
      "Action": "secretsmanager:GetSecretValue",
      "Resource": "arn:aws-cn:secretsmanager:cn-north-1:111111111111:secret:dev-abcdef"
    },
    {
      "Sid": "SecretKeyTarget",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "arn:aws-cn:kms:cn-north-1:111111111111:key/*",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "secretsmanager.cn-north-1.amazonaws.com",
            "secretsmanager.cn-north-1.amazonaws.com.cn"
          ],
          "kms:EncryptionContext:SecretARN": "arn:aws-cn:secretsmanager:cn-north-1:111111111111:secret:dev-abcdef"
        }
      }
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
# arn:aws-cn:iam::111111111111:role/sealift/source: looks the source up and logs in to it.
# Loader: taken by arn:aws-cn:iam::111111111111:role/sealift-loader alone. Needed by check, plan, copy, load,
# unload, resume, verify, clean. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Loader",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-cn:iam::111111111111:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-cn:iam::111111111111:role/sealift-loader"
        }
      }
    }
  ]
}
JSON
# LookUpSource: finds the address of the source. Needed by check, plan, copy, load, unload, resume, verify,
# clean. Promise: least privilege. Wide because a workgroup's ARN has its id, which is not known before it was
# looked up.
# LogInSource: a password for an hour at most, of the database user that stands for this role. Needed by check,
# plan, copy, load, unload, resume, verify, clean. Promise: no secret anywhere. Wide because a workgroup's ARN
# has its id, which is not known before it was looked up.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "LookUpSource",
      "Effect": "Allow",
      "Action": "redshift-serverless:GetWorkgroup",
      "Resource": "arn:aws-cn:redshift-serverless:cn-north-1:111111111111:workgroup/*"
    },
    {
      "Sid": "LogInSource",
      "Effect": "Allow",
      "Action": "redshift-serverless:GetCredentials",
      "Resource": "arn:aws-cn:redshift-serverless:cn-north-1:111111111111:workgroup/*"
    }
  ]
}
JSON
  role source /sealift/ 14400 "$trust" "$policy"
fi

if in_account 111111111111; then
# arn:aws-cn:iam::111111111111:role/redshift-unload: is what UNLOAD writes as.
# Source: the source runs statements as this role, where it is attached. Needed by copy, unload, resume.
# Promise: least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an
# external id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Source",
      "Effect": "Allow",
      "Principal": {
        "Service": [
          "redshift.amazonaws.com",
          "redshift-serverless.amazonaws.com"
        ]
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
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "UnloadList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn"
    },
    {
      "Sid": "Unload",
      "Effect": "Allow",
      "Action": "s3:PutObject",
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
    },
    {
      "Sid": "UnloadRead",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
    },
    {
      "Sid": "UnloadKey",
      "Effect": "Allow",
      "Action": [
        "kms:GenerateDataKey",
        "kms:Decrypt"
      ],
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift-unload / 3600 "$trust" "$policy"
# Attach the role to the source by hand: aws redshift-serverless update-namespace --namespace-name NAMESPACE
# --iam-roles arn:aws-cn:iam::111111111111:role/redshift-unload AND ALL THAT IT HAS, which this replaces
fi

if in_account 111111111111; then
# arn:aws-cn:iam::111111111111:role/redshift-copy: is what COPY reads as.
# Target: the target runs statements of this database user as this role, and no other's. Needed by copy, load,
# resume. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Target",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringLike": {
          "sts:ExternalId": "arn:aws-cn:redshift:cn-north-1:111111111111:dbuser:dev/*"
        }
      }
    }
  ]
}
JSON
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
      "Sid": "CopyList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn"
    },
    {
      "Sid": "Copy",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
    },
    {
      "Sid": "CopyKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": [
            "s3.cn-north-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn"
          ]
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-cn:s3:::corp-sealift-cn",
            "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift-copy / 3600 "$trust" "$policy"
  aws redshift modify-cluster-iam-roles --region cn-north-1 --cluster-identifier dev --add-iam-roles arn:aws-cn:iam::111111111111:role/redshift-copy --query Cluster.ClusterIdentifier --output text
fi

echo done
