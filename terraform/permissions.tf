# What a function may do, by the name that `functions` in locals.tf calls it by: exact actions on exact resources.
# Wildcards stand for keys under a prefix only. No function may write under incoming/, the one prefix whose new objects
# start the pipeline: whatever goes wrong, it cannot feed itself. Only the API may, which uploads for its callers.
locals {
  permissions = {
    read_config = [
      {
        sid       = "ReadConfig"
        actions   = ["s3:GetObject"]
        resources = [for prefix in ["ingestion-rules", "model-configs", "access-lists"] : "${local.bucket_arns.config}/${prefix}/*"]
      },
      {
        # Without it, S3 answers 403 instead of 404 to a missing object.
        sid       = "ListConfig"
        actions   = ["s3:ListBucket"]
        resources = [local.bucket_arns.config]
      },
    ]

    read_originals = [
      {
        # By version too: what is read is what the event named, whatever was uploaded since.
        sid       = "ReadOriginals"
        actions   = ["s3:GetObject", "s3:GetObjectVersion"]
        resources = [for stage in local.stages : "${local.bucket_arns.raw}/${stage}/*"]
      },
      {
        sid       = "ListOriginals"
        actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
        resources = [local.bucket_arns.raw]
      },
    ]

    # A move copies an object out of incoming/ or failed/ and then deletes that version there.
    move_originals = [
      {
        # A copy takes the tags along.
        sid       = "ReadTags"
        actions   = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
        resources = [for stage in local.stages : "${local.bucket_arns.raw}/${stage}/*"]
      },
      {
        sid       = "WriteMovedOriginals"
        actions   = ["s3:PutObject", "s3:PutObjectTagging"]
        resources = [for stage in ["processed", "failed", "archived"] : "${local.bucket_arns.raw}/${stage}/*"]
      },
      {
        sid       = "DeleteMovedOriginals"
        actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        resources = [for stage in ["incoming", "failed"] : "${local.bucket_arns.raw}/${stage}/*"]
      },
      {
        # What came with a mail goes with it: a delete marker, below which the bytes stay.
        sid       = "HideAttachments"
        actions   = ["s3:DeleteObject"]
        resources = ["${local.bucket_arns.raw}/processed/*"]
      },
    ]

    # Rows of the registry are never deleted: a deleted document's head says so.
    change_versions = [{
      sid       = "ChangeVersions"
      actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [local.table_arns.document_registry]
    }]

    register_versions = [{
      sid       = "RegisterVersions"
      actions   = ["dynamodb:PutItem"]
      resources = [local.table_arns.document_registry]
    }]

    versions_by_status = [{
      sid       = "VersionsByStatus"
      actions   = ["dynamodb:Query"]
      resources = ["${local.table_arns.document_registry}/index/status-upload_timestamp-index"]
    }]

    all_heads = [{
      sid       = "AllHeads"
      actions   = ["dynamodb:Scan"]
      resources = [local.table_arns.document_registry]
    }]

    # Take back what a deleted or replaced version left behind: its chunks, its vectors' backup and their addresses.
    purge = [
      {
        sid       = "PurgeChunks"
        actions   = ["dynamodb:BatchWriteItem"]
        resources = [local.table_arns.embedding_chunks]
      },
      {
        sid       = "ChunksOfDocument"
        actions   = ["dynamodb:Query"]
        resources = ["${local.table_arns.embedding_chunks}/index/document_id-chunk_index-index"]
      },
      {
        sid       = "PurgeVectorAddresses"
        actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"]
        resources = [local.table_arns.embedding_vectors]
      },
      {
        sid       = "PurgeVectors"
        actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        resources = [for prefix in ["vectors", "metadata", "staging"] : "${local.bucket_arns.embeddings}/${prefix}/*"]
      },
      {
        sid       = "ListVectorVersions"
        actions   = ["s3:ListBucketVersions"]
        resources = [local.bucket_arns.embeddings]
      },
      {
        # In Chroma, a version is taken out of every collection that the pointer names.
        sid       = "ReadIndexPointer"
        actions   = ["dynamodb:GetItem"]
        resources = [local.table_arns.ingestion_jobs]
      },
    ]

    # In one transaction with a look at the version: nothing is written for one that has ended.
    create_chunks = [
      {
        sid       = "CreateChunks"
        actions   = ["dynamodb:PutItem", "dynamodb:BatchGetItem"]
        resources = [local.table_arns.embedding_chunks]
      },
      {
        sid       = "GuardChunks"
        actions   = ["dynamodb:ConditionCheckItem"]
        resources = [local.table_arns.document_registry]
      },
    ]

    # What a document leaves for the invocation that goes on with it.
    stage_text = [
      {
        sid       = "StageText"
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = ["${local.bucket_arns.embeddings}/staging/*"]
      },
      {
        # Without it, S3 answers 403 instead of 404 to what was cleared away meanwhile.
        sid       = "ListStaged"
        actions   = ["s3:ListBucket"]
        resources = [local.bucket_arns.embeddings]
      },
    ]

    mark_chunks = [{
      sid       = "MarkChunks"
      actions   = ["dynamodb:UpdateItem", "dynamodb:BatchGetItem"]
      resources = [local.table_arns.embedding_chunks]
    }]

    back_up_vectors = [
      {
        sid       = "BackUpVectors"
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = [for prefix in ["vectors", "metadata"] : "${local.bucket_arns.embeddings}/${prefix}/*"]
      },
      {
        sid       = "ListVectors"
        actions   = ["s3:ListBucket"]
        resources = [local.bucket_arns.embeddings]
      },
    ]

    # Comparing what the stores hold of a document.
    read_vectors = [
      {
        sid       = "ReadVectors"
        actions   = ["s3:GetObject"]
        resources = [for prefix in ["vectors", "metadata"] : "${local.bucket_arns.embeddings}/${prefix}/*"]
      },
      {
        sid       = "ListVectors"
        actions   = ["s3:ListBucket"]
        resources = [local.bucket_arns.embeddings]
      },
    ]

    remember_vectors = [{
      sid       = "RememberVectors"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"]
      resources = [local.table_arns.embedding_vectors]
    }]

    run_jobs = [{
      sid       = "RunJobs"
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [local.table_arns.ingestion_jobs]
    }]

    # What a job did with each document: written as it goes on, read by the next invocation.
    report_jobs = [{
      sid       = "ReportJobs"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${local.bucket_arns.embeddings}/jobs/*"]
    }]

    # A job goes on in another invocation of the one function that runs jobs.
    continue_jobs = [{
      sid       = "ContinueJobs"
      actions   = ["lambda:InvokeFunction"]
      resources = [local.function_arns.batch-reindex]
    }]

    # Jobs and leases that a crash left behind.
    end_vanished_jobs = [
      {
        sid       = "EndVanishedJobs"
        actions   = ["dynamodb:UpdateItem"]
        resources = [local.table_arns.ingestion_jobs]
      },
      {
        sid       = "JobsByStatus"
        actions   = ["dynamodb:Query"]
        resources = ["${local.table_arns.ingestion_jobs}/index/status-started_at-index"]
      },
    ]

    # --- The API's own

    upload_originals = [{
      sid       = "UploadOriginals"
      actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      resources = ["${local.bucket_arns.raw}/incoming/*"]
    }]

    read_chunks = [
      {
        sid       = "ReadChunks"
        actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem"]
        resources = [local.table_arns.embedding_chunks]
      },
      {
        # Read with the chunks that were found: whether the collection that they come from answers still.
        sid       = "ReadIndexPointerBesideChunks"
        actions   = ["dynamodb:BatchGetItem"]
        resources = [local.table_arns.ingestion_jobs]
      },
    ]

    remember_conversations = [{
      sid       = "RememberConversations"
      actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      resources = [local.table_arns.conversations]
    }]

    # An answer is kept when it is given and changed when it is rated.
    keep_answers = [
      {
        sid       = "KeepAnswers"
        actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
        resources = [local.table_arns.answers]
      },
      {
        sid       = "ListAnswers"
        actions   = ["dynamodb:Query"]
        resources = [for index in ["outcome-asked_at-index", "rating-rated_at-index"] : "${local.table_arns.answers}/index/${index}"]
      },
    ]

    # Keys are made and revoked by people; the API looks them up and counts what they use.
    look_up_keys = [{
      sid       = "LookUpKeys"
      actions   = ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"]
      resources = [local.table_arns.api_keys]
    }]

    list_jobs = [
      {
        sid       = "JobsByStatus"
        actions   = ["dynamodb:Query"]
        resources = ["${local.table_arns.ingestion_jobs}/index/status-started_at-index"]
      },
      {
        sid       = "ReadJobReports"
        actions   = ["s3:GetObject"]
        resources = ["${local.bucket_arns.embeddings}/jobs/*"]
      },
    ]

    # An inference profile sends a question to the model in one of several regions.
    ask_bedrock = [for model in var.api_service.bedrock_model[*] : {
      sid     = "AskBedrock"
      actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
      resources = [
        "arn:${local.partition}:bedrock:*::foundation-model/${replace(model, "/^(us|eu|apac|global)\\./", "")}",
        "arn:${local.partition}:bedrock:${local.region}:${local.account_id}:inference-profile/${model}",
      ]
    }]

    # A document that is tried again needs its dead letters no more; and people look at all of them.
    clear_dead_letters = [{
      sid       = "ClearDeadLetters"
      actions   = local.receive_actions
      resources = values(local.dlq_arns)
    }]

    # Alarms and metrics are listed and asked for by name: neither action knows resources that would narrow it.
    read_metrics = [{
      sid       = "ReadMetrics"
      actions   = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"]
      resources = ["*"]
    }]

    send_ingestion    = [{ sid = "SendIngestion", actions = local.send_actions, resources = [local.queue_arns.ingestion] }]
    send_embedding    = [{ sid = "SendEmbedding", actions = local.send_actions, resources = [local.queue_arns.embedding] }]
    receive_ingestion = [{ sid = "ReceiveIngestion", actions = local.receive_actions, resources = [local.queue_arns.ingestion] }]
    receive_embedding = [{ sid = "ReceiveEmbedding", actions = local.receive_actions, resources = [local.queue_arns.embedding] }]

    # Lambda itself sends, in the function's name, an event that failed for good.
    send_failed_events = [{ sid = "SendFailedEvents", actions = ["sqs:SendMessage"], resources = [local.dlq_arns.events] }]

    watch_queues = [{
      sid       = "WatchQueues"
      actions   = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
      resources = concat(values(local.queue_arns), values(local.dlq_arns))
    }]

    # PutMetricData knows no resources; the namespace is what narrows it.
    publish_metrics = [{
      sid       = "PublishMetrics"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"]
      condition = { StringEquals = { "cloudwatch:namespace" = local.metrics_namespace } }
    }]
  }

  send_actions    = ["sqs:GetQueueUrl", "sqs:SendMessage"]
  receive_actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]

  api_statements = flatten([
    [for permission in local.api_may : local.permissions[permission]],
    local.bucket_key_statements,
  ])

  bucket_key_statements = [for key_arn in var.s3_kms_key_arn[*] : {
    sid       = "UseBucketKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [key_arn]
  }]

  function_statements = {
    for key, function in local.functions : key => flatten([
      [for permission in function.may : local.permissions[permission]],
      local.bucket_key_statements,
      # X-Ray and the network interfaces of a VPC know no resources either.
      [for statement in [{
        sid       = "Trace"
        actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        resources = ["*"]
      }] : statement if var.tracing_enabled],
      [for statement in [
        {
          sid       = "AttachToVpc"
          actions   = local.network_interface_actions
          resources = ["*"]
        },
        {
          # Lambda needs them, the function's own code does not: its calls carry its ARN, Lambda's do not.
          sid       = "AttachToVpcIsForLambdaOnly"
          effect    = "Deny"
          actions   = local.network_interface_actions
          resources = ["*"]
          condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.function_arns[key] } }
        },
      ] : statement if local.functions_in_vpc],
    ])
  }

  network_interface_actions = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ]
}
