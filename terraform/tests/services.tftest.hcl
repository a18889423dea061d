# Chroma and the API on AWS: who reaches whom, what outlives what, and that nothing but the load balancer is public.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "off_by_default" {
  command = plan

  assert {
    condition     = length(module.network) + length(module.vector_database) + length(module.api_service) + length(module.api_repository) + length(aws_ecs_cluster.services) == 0
    error_message = "The local stack would be given services that it runs itself."
  }

  assert {
    condition     = output.api_url == null && output.chroma_volume_id == null && output.api_secret_names == {}
    error_message = "Outputs name services that there are not."
  }
}

run "the_parts_fit" {
  command = plan

  variables {
    deploy_services = true
    name_suffix     = "acme"
    image_tag       = "0a1b2c3d"
    api_image_tag   = "9f8e7d6c"
    api_service     = { openai = true, environment = { VALIDATION_JUDGE = "true" } }
  }

  assert {
    condition     = local.function_environment.CHROMA_URL == "http://chroma.portfolio-acme.internal:8000" && local.api_environment.CHROMA_URL == local.function_environment.CHROMA_URL
    error_message = "The functions and the API do not reach the Chroma that is made here."
  }

  assert {
    condition     = alltrue([for function in module.function : length(function.vpc_config) == 1])
    error_message = "A function is not in the network of Chroma."
  }

  assert {
    condition = alltrue([
      for statements in values(local.function_statements) : anytrue([for statement in statements : statement.sid == "AttachToVpc"])
    ])
    error_message = "A function's role could not attach it to the network."
  }

  assert {
    condition     = local.api_environment.DYNAMODB_CONVERSATIONS_TABLE == "conversations-acme" && local.api_environment.DYNAMODB_KEYS_TABLE == "api_keys-acme" && local.api_environment.VALIDATION_JUDGE == "true"
    error_message = "The API does not get the names of what was made, or not what the user adds."
  }

  assert {
    condition     = local.api_secret_names == { API_KEY = "portfolio/api-key-acme", OPENAI_API_KEY = "portfolio/openai-api-key-acme" }
    error_message = "The API's keys are not secrets of this deployment."
  }

  assert {
    condition     = module.api_service[0].image_uri == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mocked:9f8e7d6c"
    error_message = "The API does not run the image of its repository."
  }
}

run "chroma_cloud_in_place_of_our_own" {
  command = plan

  variables {
    deploy_services = true
    name_suffix     = "acme"
    chroma_cloud    = { tenant = "acme", database = "prod" }
    chroma_api_key  = "ck-test"
  }

  assert {
    condition     = length(module.vector_database) == 0 && length(aws_service_discovery_private_dns_namespace.services) == 0 && output.chroma_volume_id == null && !contains(keys(output.service_names), "chroma")
    error_message = "A Chroma that nobody asks is paid for."
  }

  assert {
    condition = alltrue([
      for environment in [local.function_environment, local.api_environment] :
      [environment.CHROMA_URL, environment.CHROMA_TENANT, environment.CHROMA_DATABASE] == ["https://api.trychroma.com", "acme", "prod"]
    ])
    error_message = "The functions and the API do not reach the same database."
  }

  assert {
    condition     = nonsensitive(local.function_environment.CHROMA_API_KEY) == "ck-test" && issensitive(local.function_environment.CHROMA_API_KEY)
    error_message = "The functions have no key, or the plan shows it."
  }

  assert {
    condition     = !contains(keys(local.api_environment), "CHROMA_API_KEY") && local.api_secret_names.CHROMA_API_KEY == "portfolio/chroma-api-key-acme"
    error_message = "The API's key is not a secret of this deployment."
  }
}

run "what_the_api_may" {
  command = plan

  variables {
    deploy_services = true
  }

  assert {
    condition = alltrue(flatten([
      for statement in local.api_statements : [for action in statement.actions : !strcontains(action, "*")]
    ]))
    error_message = "The API's role has an action with a wildcard."
  }

  assert {
    condition     = toset([for statement in local.api_statements : statement.sid if contains(statement.resources, "*")]) == toset(["PublishMetrics", "ReadMetrics"])
    error_message = "The API's role names no resource where there is one."
  }

  assert {
    condition     = length(distinct(local.api_statements[*].sid)) == length(local.api_statements)
    error_message = "Statement ids must be unique in a policy."
  }

  assert {
    condition = toset(flatten([
      for statement in local.api_statements : statement.resources if contains(statement.actions, "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::portfolio-raw/incoming/*", "arn:aws:s3:::portfolio-raw/processed/*",
      "arn:aws:s3:::portfolio-raw/failed/*", "arn:aws:s3:::portfolio-raw/archived/*",
    ])
    error_message = "The API may write vectors, reports or rules."
  }

  # A redrive looks into every dead-letter queue, and sends what was lost back to where it came from.
  assert {
    condition = {
      for action in ["sqs:ReceiveMessage", "sqs:SendMessage"] : action => toset(flatten([
        for statement in local.api_statements : statement.resources if contains(statement.actions, action)
      ]))
      } == {
      "sqs:ReceiveMessage" = toset(values(local.dlq_arns))
      "sqs:SendMessage"    = toset(values(local.queue_arns))
    }
    error_message = "The API receives from other queues than those of dead letters, or cannot send back what it finds there."
  }

  assert {
    condition     = !contains(flatten(local.api_statements[*].actions), "dynamodb:DeleteItem") && !contains(flatten(local.api_statements[*].actions), "dynamodb:DeleteTable")
    error_message = "The registry is the audit trail: the API does not delete from it."
  }
}

run "the_api_asks_bedrock" {
  command = plan

  variables {
    deploy_services = true
    api_service     = { bedrock_model = "eu.amazon.nova-lite-v1:0" }
  }

  assert {
    condition     = local.api_environment.CHAT_PROVIDER == "bedrock" && local.api_environment.BEDROCK_MODEL == "eu.amazon.nova-lite-v1:0"
    error_message = "The API does not know its model."
  }

  assert {
    condition = one([for statement in local.api_statements : statement.resources if statement.sid == "AskBedrock"]) == [
      "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
      "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
    ]
    error_message = "The API may ask other models, or not its own."
  }
}

run "network" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    name              = "portfolio"
    region            = "eu-central-1"
    cidr              = "10.20.0.0/16"
    egress            = "nat"
    endpoint_services = ["sqs"]
    existing          = null
  }

  assert {
    condition     = aws_subnet.public[*].availability_zone == ["eu-central-1a", "eu-central-1b"] && aws_subnet.private[*].availability_zone == ["eu-central-1a", "eu-central-1b"]
    error_message = "Not two zones."
  }

  assert {
    condition     = concat(aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block) == ["10.20.0.0/20", "10.20.16.0/20", "10.20.128.0/20", "10.20.144.0/20"]
    error_message = "Subnets overlap, or lie elsewhere."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch == false])
    error_message = "What starts in a public subnet would get a public address."
  }

  assert {
    condition     = { for name, endpoint in aws_vpc_endpoint.gateway : name => endpoint.service_name } == { s3 = "com.amazonaws.eu-central-1.s3", dynamodb = "com.amazonaws.eu-central-1.dynamodb" }
    error_message = "Traffic to S3 and DynamoDB would be paid for."
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_vpc_endpoint.interface) == 0
    error_message = "There are two ways out, or none."
  }

  assert {
    condition     = aws_route.nat[0].destination_cidr_block == "0.0.0.0/0" && aws_route.internet[0].destination_cidr_block == "0.0.0.0/0"
    error_message = "A way out leads nowhere."
  }

  assert {
    condition     = length(aws_default_security_group.this[0].ingress) + length(aws_default_security_group.this[0].egress) == 0
    error_message = "The default security group lets something in."
  }

  assert {
    condition = [
      for rule in [aws_vpc_security_group_egress_rule.functions_https, aws_vpc_security_group_egress_rule.functions_chroma] :
      "${rule.ip_protocol} ${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}"
    ] == ["tcp 443-443 0.0.0.0/0", "tcp 8000-8000 10.20.0.0/16"]
    error_message = "The functions reach more, or less, than AWS's services and Chroma."
  }
}

run "network_without_the_internet" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    name              = "portfolio"
    region            = "eu-central-1"
    cidr              = "10.20.0.0/16"
    egress            = "endpoints"
    endpoint_services = ["sqs", "logs"]
    existing          = null
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0 && length(aws_eip.nat) == 0
    error_message = "There is a way to the internet."
  }

  assert {
    condition     = toset([for endpoint in aws_vpc_endpoint.interface : endpoint.service_name]) == toset(["com.amazonaws.eu-central-1.sqs", "com.amazonaws.eu-central-1.logs"]) && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "A service is not reached under its own name."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints[0].from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints[0].to_port == 443
    error_message = "The endpoints are not reached from the VPC by HTTPS alone."
  }
}

run "network_of_the_user" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    name              = "portfolio"
    region            = "eu-central-1"
    cidr              = "10.20.0.0/16"
    egress            = "nat"
    endpoint_services = ["sqs"]
    existing          = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1", "subnet-2"], public_subnet_ids = ["subnet-3", "subnet-4"] }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_nat_gateway.this) + length(aws_vpc_endpoint.gateway) == 0
    error_message = "A network is made beside the user's own."
  }

  assert {
    condition     = output.vpc_id == "vpc-1" && output.private_subnet_ids == tolist(["subnet-1", "subnet-2"]) && output.public_subnet_ids == tolist(["subnet-3", "subnet-4"])
    error_message = "The user's own network is not used."
  }
}

run "vector_database" {
  command = plan

  module {
    source = "./modules/vector_database"
  }

  variables {
    name                      = "portfolio-chroma"
    region                    = "eu-central-1"
    partition                 = "aws"
    account_id                = "123456789012"
    cluster_name              = "portfolio"
    cluster_arn               = "arn:aws:ecs:eu-central-1:123456789012:cluster/portfolio"
    vpc_id                    = "vpc-1"
    subnet_id                 = "subnet-1"
    client_security_group_ids = { functions = "sg-functions", api = "sg-api" }
    namespace_id              = "ns-1"
    host                      = "chroma"
    image                     = "chromadb/chroma:1.5.9"
    instance_type             = "t3.medium"
    ami_id                    = "ami-1"
    volume_gb                 = 30
    snapshot_id               = null
    snapshot_retention_days   = 14
    kms_key_arn               = null
    log_retention_days        = 30
  }

  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.clients : name => "${rule.referenced_security_group_id} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}" } == { functions = "sg-functions tcp 8000-8000", api = "sg-api tcp 8000-8000" }
    error_message = "Chroma, which asks nobody who he is, is reached by others than the API and the functions."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.clients : rule.cidr_ipv4 == null])
    error_message = "Chroma is open to addresses."
  }

  assert {
    condition     = aws_ecs_service.this.desired_count == 1 && aws_ecs_service.this.deployment_maximum_percent == 100 && aws_ecs_service.this.deployment_minimum_healthy_percent == 0 && aws_ecs_service.this.launch_type == "EC2"
    error_message = "Two servers could write one disk."
  }

  assert {
    condition     = aws_ebs_volume.data.encrypted && aws_ebs_volume.data.size == 30 && aws_ebs_volume.data.type == "gp3"
    error_message = "The volume is not as it was asked for."
  }

  assert {
    condition     = one(aws_ecs_task_definition.this.volume).host_path == "/srv/chroma" && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].mountPoints == [{ sourceVolume = "data", containerPath = "/data", readOnly = false }]
    error_message = "The index does not lie on the volume: /data is where Chroma has written since 1.0."
  }

  assert {
    condition     = strcontains(aws_instance.this.user_data, "RequiresMountsFor=/srv/chroma") && strcontains(aws_instance.this.user_data, "ECS_CLUSTER=portfolio")
    error_message = "Chroma could start without its disk."
  }

  assert {
    condition     = aws_volume_attachment.data.volume_id == aws_ebs_volume.data.id && aws_volume_attachment.data.instance_id == aws_instance.this.id && aws_volume_attachment.data.stop_instance_before_detaching
    error_message = "The volume is not attached to the machine of Chroma, or is torn from it while it runs."
  }

  assert {
    condition     = one(aws_ecs_service.this.service_registries).registry_arn == aws_service_discovery_service.this.arn && aws_service_discovery_service.this.name == "chroma" && one(one(aws_service_discovery_service.this.dns_config).dns_records).type == "A" && one(aws_service_discovery_service.this.dns_config).namespace_id == "ns-1"
    error_message = "The name of Chroma does not lead to its task."
  }

  assert {
    condition     = aws_backup_plan.this.rule != null && one(one(aws_backup_plan.this.rule).lifecycle).delete_after == 14
    error_message = "Snapshots are not kept as long as asked for."
  }

  assert {
    condition     = aws_instance.this.metadata_options[0].http_tokens == "required" && aws_instance.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "A container could take the machine's credentials."
  }
}

run "api_service" {
  command = plan

  module {
    source = "./modules/api_service"
  }

  variables {
    name                 = "portfolio-api"
    region               = "eu-central-1"
    account_id           = "123456789012"
    cluster_name         = "portfolio"
    cluster_arn          = "arn:aws:ecs:eu-central-1:123456789012:cluster/portfolio"
    vpc_id               = "vpc-1"
    vpc_cidr             = "10.20.0.0/16"
    private_subnet_ids   = ["subnet-1", "subnet-2"]
    public_subnet_ids    = ["subnet-3", "subnet-4"]
    internal             = false
    allowed_cidr_blocks  = ["0.0.0.0/0"]
    certificate_arn      = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
    image_uri            = "registry.example.com/api:1"
    repository_arn       = "arn:aws:ecr:eu-central-1:123456789012:repository/portfolio/api"
    architecture         = "arm64"
    cpu                  = 1024
    memory_mb            = 2048
    minimum_tasks        = 1
    maximum_tasks        = 4
    environment          = { LOG_LEVEL = "INFO" }
    secret_names         = { API_KEY = "portfolio/api-key" }
    secret_recovery_days = 7
    kms_key_arn          = null
    statements           = [{ sid = "ReadConfig", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::portfolio-config/model-configs/*"] }]
    metrics_namespace    = "PortfolioRAG"
    log_retention_days   = 30
    deletion_protection  = true
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.load_balancer : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}"]) == toset(["0.0.0.0/0 80-80", "0.0.0.0/0 443-443"])
    error_message = "The load balancer is open elsewhere."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.tasks.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.tasks.from_port == 8000 && aws_vpc_security_group_ingress_rule.tasks.to_port == 8000
    error_message = "The tasks are reached around the load balancer."
  }

  assert {
    condition     = aws_ecs_service.this.network_configuration[0].subnets == toset(["subnet-1", "subnet-2"]) && aws_ecs_service.this.network_configuration[0].assign_public_ip != true
    error_message = "The tasks are public."
  }

  assert {
    condition     = aws_lb.this.subnets == toset(["subnet-3", "subnet-4"]) && aws_lb.this.internal == false && aws_lb.this.drop_invalid_header_fields && aws_lb.this.enable_deletion_protection
    error_message = "The load balancer is not as it was asked for."
  }

  assert {
    # The API closes idle connections after 65 s.
    condition     = aws_lb.this.idle_timeout < 65
    error_message = "The load balancer sends requests into connections that the API is closing."
  }

  assert {
    condition     = aws_lb_listener.https[0].port == 443 && startswith(aws_lb_listener.https[0].ssl_policy, "ELBSecurityPolicy-TLS13-") && aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "HTTP is answered although there is a certificate."
  }

  assert {
    condition = { for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.name => {
      root    = container.readonlyRootFilesystem
      drop    = container.linuxParameters.capabilities.drop
      mounts  = container.mountPoints[*].containerPath
      secrets = container.secrets[*].name
      plain   = container.environment[*].name
    } } == { api = { root = true, drop = ["ALL"], mounts = ["/tmp"], secrets = ["API_KEY"], plain = ["LOG_LEVEL"] } }
    error_message = "The task may write its own code, or has keys in the clear."
  }

  assert {
    condition     = aws_lb_target_group.this.port == 8000 && aws_lb_target_group.this.target_type == "ip" && one(aws_lb_target_group.this.health_check).path == "/api/live" && one(aws_lb_target_group.this.health_check).matcher == "200" && one(aws_ecs_service.this.load_balancer).container_port == 8000
    error_message = "The load balancer does not ask the tasks whether they are alive where they say so."
  }

  assert {
    condition     = aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "The task runs on another instruction set than the image's."
  }

  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback && aws_ecs_service.this.deployment_minimum_healthy_percent == 100
    error_message = "A bad image would take the API down."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.cpu) == 1 && aws_appautoscaling_policy.questions_waiting[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name == "QuestionsWaiting"
    error_message = "The service does not grow with its load."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Sid => statement.Action
      } == {
      WriteLogs        = ["logs:CreateLogStream", "logs:PutLogEvents"]
      ReadSecrets      = ["secretsmanager:GetSecretValue"]
      PullImage        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      SignInToRegistry = ["ecr:GetAuthorizationToken"]
    }
    error_message = "ECS may do more to start a task than it must."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Sid] == ["ReadConfig"]
    error_message = "The API's role has more than it is given."
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.task, aws_iam_role.execution] : jsondecode(role.assume_role_policy).Statement[0].Principal.Service == "ecs-tasks.amazonaws.com" && jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "Others than this account's tasks may take a role of the API."
  }
}

run "api_without_a_certificate" {
  command = plan

  module {
    source = "./modules/api_service"
  }

  variables {
    name                 = "portfolio-api"
    region               = "eu-central-1"
    account_id           = "123456789012"
    cluster_name         = "portfolio"
    cluster_arn          = "arn:aws:ecs:eu-central-1:123456789012:cluster/portfolio"
    vpc_id               = "vpc-1"
    vpc_cidr             = "10.20.0.0/16"
    private_subnet_ids   = ["subnet-1", "subnet-2"]
    public_subnet_ids    = ["subnet-3", "subnet-4"]
    internal             = true
    allowed_cidr_blocks  = ["10.0.0.0/8"]
    certificate_arn      = null
    image_uri            = "registry.example.com/api:1"
    repository_arn       = null
    architecture         = "x86_64"
    cpu                  = 1024
    memory_mb            = 2048
    minimum_tasks        = 2
    maximum_tasks        = 2
    environment          = {}
    secret_names         = { API_KEY = "portfolio/api-key" }
    secret_recovery_days = 0
    kms_key_arn          = null
    statements           = []
    metrics_namespace    = "PortfolioRAG"
    log_retention_days   = 30
    deletion_protection  = false
  }

  assert {
    condition     = length(aws_lb_listener.https) == 0 && aws_lb_listener.http.default_action[0].type == "forward"
    error_message = "There is no way in."
  }

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.subnets == toset(["subnet-1", "subnet-2"])
    error_message = "An internal load balancer has public addresses."
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 0
    error_message = "A fixed number of tasks is scaled."
  }
}

run "in_the_clear_to_everybody" {
  command = plan

  variables {
    deploy_services = true
    api_service     = { allowed_cidr_blocks = ["0.0.0.0/0"] }
  }

  expect_failures = [var.api_service]
}

run "a_pair_that_fargate_has_not" {
  command = plan

  variables {
    api_service = { cpu = 1024, memory_mb = 1024 }
  }

  expect_failures = [var.api_service]
}

run "a_name_too_long_for_a_load_balancer" {
  command = plan

  variables {
    deploy_services = true
    name_suffix     = "abcdefghij-abcdefghi"
  }

  expect_failures = [var.deploy_services]
}

run "a_network_too_small" {
  command = plan

  variables {
    network = { cidr = "10.20.0.0/26" }
  }

  expect_failures = [var.network]
}

run "a_machine_too_small_for_chroma" {
  command = plan

  variables {
    vector_database = { instance_type = "t3.micro" }
  }

  expect_failures = [var.vector_database]
}
