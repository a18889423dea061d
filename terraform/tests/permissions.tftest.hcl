# Each role may do what its function does, and nothing else.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "least_privilege" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statements in values(local.function_statements) : [
        for statement in statements : [for action in statement.actions : !strcontains(action, "*")]
      ]
    ]))
    error_message = "A role has an action with a wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for statements in values(local.function_statements) : [
        for statement in statements : [
          for resource in statement.resources :
          # Only keys under a prefix of a bucket may stand for more than themselves.
          !strcontains(resource, "*") || can(regex("^arn:aws:s3:::portfolio-(raw|embeddings|config)/[a-z-]+/\\*$", resource)) || statement.sid == "PublishMetrics"
        ]
      ]
    ]))
    error_message = "A role has a resource with a wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for statements in values(local.function_statements) : [
        for statement in statements : statement.actions == ["cloudwatch:PutMetricData"] && statement.condition.StringEquals["cloudwatch:namespace"] == "PortfolioRAG" if contains(statement.resources, "*")
      ]
    ]))
    error_message = "What cannot name a resource is not narrowed to our namespace of metrics."
  }

  assert {
    condition     = alltrue([for statements in values(local.function_statements) : length(distinct(statements[*].sid)) == length(statements)])
    error_message = "Statement ids must be unique in a policy."
  }

  # What starts the pipeline is an object under incoming/: a function that could write one could feed itself.
  assert {
    condition = alltrue(flatten([
      for statements in values(local.function_statements) : [
        for statement in statements : !contains(statement.resources, "arn:aws:s3:::portfolio-raw/incoming/*") if contains(statement.actions, "s3:PutObject")
      ]
    ]))
    error_message = "A function may write where uploads arrive."
  }
}

run "each_function_its_own" {
  command = plan

  assert {
    condition = {
      for key, statements in local.function_statements : key => toset(flatten([
        for statement in statements : statement.resources if contains(statement.actions, "sqs:SendMessage")
      ]))
      } == {
      document-intake     = toset([local.queue_arns.ingestion, local.dlq_arns.events])
      document-processor  = toset([local.queue_arns.embedding, local.queue_arns.ingestion])
      embedding-generator = toset([local.queue_arns.embedding])
      batch-reindex       = toset([local.queue_arns.ingestion, local.dlq_arns.events])
      check-health        = toset([local.queue_arns.ingestion, local.dlq_arns.events])
    }
    error_message = "A function may send to a queue that is not its next step."
  }

  assert {
    condition = {
      for key, statements in local.function_statements : key => flatten([
        for statement in statements : statement.resources if contains(statement.actions, "sqs:ReceiveMessage")
      ])
      } == {
      document-intake     = []
      document-processor  = [local.queue_arns.ingestion]
      embedding-generator = [local.queue_arns.embedding]
      batch-reindex       = []
      check-health        = []
    }
    error_message = "A function may receive from a queue that is not its own."
  }

  # Who may write what: table or bucket -> functions with that action on it.
  assert {
    condition = {
      for name, what in {
        registry = { action = "dynamodb:PutItem", resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/document_registry" }
        chunks   = { action = "dynamodb:PutItem", resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/embedding_chunks" }
        jobs     = { action = "dynamodb:UpdateItem", resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/ingestion_jobs" }
        invoke   = { action = "lambda:InvokeFunction", resource = "arn:aws:lambda:eu-central-1:123456789012:function:batch-reindex" }
        reports  = { action = "s3:PutObject", resource = "arn:aws:s3:::portfolio-embeddings/jobs/*" }
        scan     = { action = "dynamodb:Scan", resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/document_registry" }
        vectors  = { action = "s3:PutObject", resource = "arn:aws:s3:::portfolio-embeddings/vectors/*" }
        staging  = { action = "s3:PutObject", resource = "arn:aws:s3:::portfolio-embeddings/staging/*" }
        config   = { action = "s3:PutObject", resource = "arn:aws:s3:::portfolio-config/ingestion-rules/*" }
        } : name => toset([
          for key, statements in local.function_statements : key if anytrue([
            for statement in statements : contains(statement.actions, what.action) && contains(statement.resources, what.resource)
          ])
      ])
      } == {
      registry = toset(["document-intake", "document-processor", "batch-reindex", "check-health"])
      chunks   = toset(["document-processor"])
      jobs     = toset(["batch-reindex", "check-health"])
      invoke   = toset(["batch-reindex", "check-health"])
      reports  = toset(["batch-reindex"])
      scan     = toset(["batch-reindex"])
      vectors  = toset(["embedding-generator", "batch-reindex"])
      staging  = toset(["document-processor"])
      config   = toset([])
    }
    error_message = "A function may write what is not its to write."
  }

  assert {
    condition = alltrue(flatten([
      for statements in values(local.function_statements) : [
        for statement in statements : [
          for resource in statement.resources : endswith(resource, "/incoming/*") || endswith(resource, "/failed/*") if startswith(resource, "arn:aws:s3:::portfolio-raw/")
        ] if contains(statement.actions, "s3:DeleteObjectVersion")
      ]
    ]))
    error_message = "A function may delete originals that are in their place."
  }

  assert {
    condition     = !contains(flatten([for statements in values(local.function_statements) : [for statement in statements : statement.actions if contains(statement.resources, local.table_arns.document_registry)]]), "dynamodb:DeleteItem")
    error_message = "The registry is the audit trail: no function deletes from it."
  }

  assert {
    condition = toset(flatten([
      for statement in local.function_statements.check-health : statement.resources if contains(statement.actions, "sqs:GetQueueAttributes")
    ])) == toset(concat(values(local.queue_arns), values(local.dlq_arns)))
    error_message = "check-health does not see every queue."
  }

  assert {
    condition     = local.permissions.versions_by_status[0].resources == ["arn:aws:dynamodb:eu-central-1:123456789012:table/document_registry/index/status-upload_timestamp-index"]
    error_message = "The index is not named exactly."
  }
}

run "what_options_add" {
  command = plan

  variables {
    s3_kms_key_arn  = "arn:aws:kms:eu-central-1:123456789012:key/1"
    tracing_enabled = true
    vpc_config      = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = alltrue([
      for statements in values(local.function_statements) :
      toset([for statement in statements : statement.sid if contains(statement.resources, "*")]) == toset(["PublishMetrics", "Trace", "AttachToVpc", "AttachToVpcIsForLambdaOnly"])
    ])
    error_message = "An option adds more without a resource than AWS demands."
  }

  assert {
    condition = alltrue([
      for key, statements in local.function_statements : one([
        for statement in statements : statement if statement.sid == "AttachToVpcIsForLambdaOnly"
        ]) == {
        sid       = "AttachToVpcIsForLambdaOnly"
        effect    = "Deny"
        actions   = local.network_interface_actions
        resources = ["*"]
        condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-central-1:123456789012:function:${key}" } }
      }
    ])
    error_message = "A function's code could change network interfaces."
  }

  assert {
    condition = alltrue([
      for statements in values(local.function_statements) : anytrue([
        for statement in statements : statement.actions == ["kms:Decrypt", "kms:GenerateDataKey"] && statement.resources == [var.s3_kms_key_arn]
      ])
    ])
    error_message = "A function could not use the buckets' key."
  }
}
