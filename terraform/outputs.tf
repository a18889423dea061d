output "upload_command" {
  description = "Ingests a document: put a file's name for FILE. Against an emulator, add --endpoint-url."
  value       = "aws s3 cp FILE s3://${local.bucket_names.raw}/incoming/FILE"
}

output "environment" {
  description = "The names of what was made, as the environment variables that the API and the command line read."
  value = merge(local.shared_environment, {
    AWS_DEFAULT_REGION = local.region
    # Of the API alone.
    DYNAMODB_CONVERSATIONS_TABLE = local.table_names.conversations
    DYNAMODB_ANSWERS_TABLE       = local.table_names.answers
    DYNAMODB_KEYS_TABLE          = local.table_names.api_keys
  })
}

output "bucket_names" {
  description = "Buckets, by what they hold."
  value       = { for key, bucket in module.bucket : key => bucket.name }
}

output "table_names" {
  description = "Tables, by the architecture's names."
  value       = { for key, table in module.table : key => table.name }
}

output "queue_urls" {
  description = "Queues, by the work that waits in them."
  value       = { for key, queue in module.queue : key => queue.url }
}

output "dead_letter_queue_urls" {
  description = "Dead-letter queues. events holds what S3 or a rule handed over and a function could not take."
  value = merge(
    { for key, queue in module.queue : key => queue.dead_letter_queue.url },
    { events = module.events_dead_letter_queue.url },
  )
}

output "function_names" {
  description = "Functions, by the architecture's names."
  value       = { for key, function in module.function : key => function.name }
}

output "repository_urls" {
  description = "Where each image is pushed to, without a tag; empty when create_ecr_repositories is off."
  value       = merge({ for key, repository in module.repository : key => repository.url }, { for repository in module.api_repository : "api" => repository.url })
}

output "image_uris" {
  description = "The image that each function runs."
  value       = { for key, function in module.function : key => function.image_uri }
}

output "log_group_names" {
  description = "Where each function's logs are: aws logs tail NAME --follow."
  value       = { for key, function in module.function : key => function.log_group_name }
}

output "alarm_topic_arn" {
  description = "Alarms notify this topic: aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint ADDRESS."
  value       = module.monitoring.topic_arn
}

output "alarm_names" {
  description = "The alarms: aws cloudwatch describe-alarms --alarm-names NAME tells their state."
  value       = module.monitoring.alarm_names
}

output "dashboard_name" {
  description = "The CloudWatch dashboard."
  value       = module.monitoring.dashboard_name
}

output "dashboard_url" {
  description = "The dashboard in AWS's console."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards:name=${module.monitoring.dashboard_name}"
}

output "api_url" {
  description = "Where the API answers; null without deploy_services."
  value       = one(module.api_service[*].url)
}

output "api_secret_names" {
  description = "Secrets Manager's secrets of the API, by the environment variable that each is for: aws secretsmanager put-secret-value --secret-id NAME --secret-string VALUE."
  value       = try(module.api_service[0].secret_names, {})
}

output "api_statements" {
  description = "What the API may do: the statements of its task role, with which the local stack runs it under ENFORCE_IAM."
  value       = local.api_statements
}

output "chroma_volume_id" {
  description = "The volume that holds Chroma's index; null without deploy_services, and with chroma_cloud."
  value       = one(module.vector_database[*].volume_id)
}

output "api_certificate_arn" {
  description = "The certificate that the load balancer serves; null without one."
  value       = var.deploy_services ? var.api_service.certificate_arn : null
}

output "service_names" {
  description = "The ECS cluster and its services; empty without deploy_services."
  value = var.deploy_services ? merge(
    { cluster = aws_ecs_cluster.services[0].name, api = "${local.prefix}-api${local.suffix}" },
    local.own_chroma ? { chroma = "${local.prefix}-chroma${local.suffix}" } : {},
  ) : {}
}
