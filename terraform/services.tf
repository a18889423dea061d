# What answers: Chroma and the API, in a network of their own. The local stack runs both itself and leaves this off.

locals {
  # Two labels that nobody owns outside: the names are known before anything is made, so that no function waits.
  namespace   = "${local.prefix}${local.suffix}.internal"
  chroma_host = "chroma"
  own_chroma  = var.deploy_services && var.chroma_cloud == null
  chroma_url  = var.chroma_cloud != null ? var.chroma_cloud.url : local.own_chroma ? "http://${local.chroma_host}.${local.namespace}:8000" : var.chroma_url
  chroma_place = var.chroma_cloud == null ? {} : {
    CHROMA_TENANT   = var.chroma_cloud.tenant
    CHROMA_DATABASE = var.chroma_cloud.database
  }

  functions_in_vpc = var.deploy_services || var.vpc_config != null
  functions_vpc_config = var.deploy_services ? {
    subnet_ids         = module.network[0].private_subnet_ids
    security_group_ids = [module.network[0].functions_security_group_id]
  } : var.vpc_config

  api_image = var.create_ecr_repositories ? one(module.api_repository[*].url) : "${var.image_registry}/api"

  api_may = [
    "read_config", "read_originals", "move_originals", "upload_originals", "change_versions", "register_versions",
    "versions_by_status", "all_heads", "read_chunks", "purge", "read_vectors", "remember_conversations", "keep_answers",
    "look_up_keys", "run_jobs", "list_jobs", "continue_jobs", "watch_queues", "send_ingestion", "send_embedding",
    "clear_dead_letters", "publish_metrics", "read_metrics", "ask_bedrock",
  ]

  api_environment = merge(
    local.shared_environment,
    {
      AWS_DEFAULT_REGION           = local.region
      DYNAMODB_CONVERSATIONS_TABLE = local.table_names.conversations
      DYNAMODB_ANSWERS_TABLE       = local.table_names.answers
      DYNAMODB_KEYS_TABLE          = local.table_names.api_keys
      # The load balancer has names that are not known here. With a key asked for from the first start on, a name that was
      # bound anew opens nothing; whoever knows the name can set it in var.api_service.environment.
      API_ALLOWED_HOSTS = "*"
      CHROMA_URL        = local.chroma_url
      LOG_LEVEL         = var.log_level
      PUBLISH_LOAD      = "true"
      ALARM_PREFIX      = "${local.prefix}-"
    },
    local.tracing_environment,
    local.chroma_place,
    var.aws_endpoint_url_for_functions == "" ? {} : { AWS_ENDPOINT_URL = var.aws_endpoint_url_for_functions },
    var.api_service.bedrock_model == null ? {} : { CHAT_PROVIDER = "bedrock", BEDROCK_MODEL = var.api_service.bedrock_model },
    var.api_service.environment,
  )

  api_secret_names = merge(
    { API_KEY = "${local.prefix}/api-key${local.suffix}" },
    var.api_service.openai ? { OPENAI_API_KEY = "${local.prefix}/openai-api-key${local.suffix}" } : {},
    var.chroma_cloud == null ? {} : { CHROMA_API_KEY = "${local.prefix}/chroma-api-key${local.suffix}" },
  )
}

module "network" {
  source = "./modules/network"
  count  = var.deploy_services ? 1 : 0

  name              = "${local.prefix}${local.suffix}"
  region            = local.region
  cidr              = var.network.cidr
  egress            = var.network.egress
  endpoint_services = var.network.endpoint_services
  existing          = var.network.existing
}

resource "aws_ecs_cluster" "services" {
  count = var.deploy_services ? 1 : 0

  name = "${local.prefix}${local.suffix}"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_service_discovery_private_dns_namespace" "services" {
  count = local.own_chroma ? 1 : 0

  name        = local.namespace
  description = "Where the API and the functions find Chroma"
  vpc         = module.network[0].vpc_id
}

module "vector_database" {
  source = "./modules/vector_database"
  count  = local.own_chroma ? 1 : 0

  name         = "${local.prefix}-chroma${local.suffix}"
  region       = local.region
  partition    = local.partition
  account_id   = local.account_id
  cluster_name = aws_ecs_cluster.services[0].name
  cluster_arn  = aws_ecs_cluster.services[0].arn
  vpc_id       = module.network[0].vpc_id
  subnet_id    = module.network[0].private_subnet_ids[0]
  namespace_id = aws_service_discovery_private_dns_namespace.services[0].id
  host         = local.chroma_host

  client_security_group_ids = {
    functions = module.network[0].functions_security_group_id
    api       = module.api_service[0].tasks_security_group_id
  }

  image                   = var.vector_database.image
  instance_type           = var.vector_database.instance_type
  ami_id                  = var.vector_database.ami_id
  volume_gb               = var.vector_database.volume_gb
  snapshot_id             = var.vector_database.snapshot_id
  snapshot_retention_days = var.vector_database.snapshot_retention_days
  kms_key_arn             = var.vector_database.kms_key_arn
  log_retention_days      = var.log_retention_days
}

module "api_repository" {
  source = "./modules/repository"
  count  = var.deploy_services && var.create_ecr_repositories ? 1 : 0

  name         = "${local.prefix}/api${local.suffix}"
  function_arn = null
}

module "api_service" {
  source = "./modules/api_service"
  count  = var.deploy_services ? 1 : 0

  name               = "${local.prefix}-api${local.suffix}"
  region             = local.region
  account_id         = local.account_id
  cluster_name       = aws_ecs_cluster.services[0].name
  cluster_arn        = aws_ecs_cluster.services[0].arn
  vpc_id             = module.network[0].vpc_id
  vpc_cidr           = module.network[0].cidr
  private_subnet_ids = module.network[0].private_subnet_ids
  public_subnet_ids  = module.network[0].public_subnet_ids

  internal            = var.api_service.internal
  allowed_cidr_blocks = var.api_service.allowed_cidr_blocks
  certificate_arn     = var.api_service.certificate_arn

  image_uri            = "${local.api_image}:${var.api_image_tag}"
  repository_arn       = one(module.api_repository[*].arn)
  architecture         = var.architecture
  cpu                  = var.api_service.cpu
  memory_mb            = var.api_service.memory_mb
  minimum_tasks        = var.api_service.minimum_tasks
  maximum_tasks        = var.api_service.maximum_tasks
  environment          = local.api_environment
  secret_names         = local.api_secret_names
  secret_recovery_days = var.api_service.secret_recovery_days
  kms_key_arn          = var.api_service.kms_key_arn
  statements           = local.api_statements
  metrics_namespace    = local.metrics_namespace
  log_retention_days   = var.log_retention_days
  deletion_protection  = var.deletion_protection
}
