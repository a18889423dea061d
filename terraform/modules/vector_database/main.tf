# Chroma, on a disk of its own. One server holds the index, and SQLite does not bear network file systems: so one EC2
# instance with one EBS volume, one task, the old one stopped before the next starts. Fargate cannot mount a volume that
# outlives its task.

locals {
  port  = 8000
  mount = "/srv/chroma"
  # How the kernel names the volume, whatever letter it is attached by.
  device = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${replace(aws_ebs_volume.data.id, "-", "")}"
}

data "aws_subnet" "this" {
  id = var.subnet_id
}

data "aws_ssm_parameter" "image" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

# --- The disk -----------------------------------------------------------------------------------------------------

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.this.availability_zone
  type              = "gp3"
  size              = var.volume_gb
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  snapshot_id       = var.snapshot_id

  tags = { Name = "${var.name}-data" }

  lifecycle {
    # `make destroy` takes it out of the state first, and says its id. All that is on it can be made again from the
    # backup in S3 (`rag ingest --type REINDEX`), but that takes its time.
    prevent_destroy = true
    # A snapshot is where a volume starts: naming another one later must not replace it.
    ignore_changes = [snapshot_id, availability_zone]
  }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.this.id
  # The file system is unmounted with everything else.
  stop_instance_before_detaching = true
}

resource "aws_backup_vault" "this" {
  name        = var.name
  kms_key_arn = var.kms_key_arn
}

resource "aws_backup_plan" "this" {
  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 3 * * ? *)"

    lifecycle {
      delete_after = var.snapshot_retention_days
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = "${var.name}-data"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = [aws_ebs_volume.data.arn]
}

resource "aws_iam_role" "backup" {
  name        = "${var.name}-backup"
  description = "AWS Backup takes snapshots of Chroma's volume"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "backup" {
  role       = aws_iam_role.backup.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}

# --- The machine --------------------------------------------------------------------------------------------------

resource "aws_iam_role" "instance" {
  name        = "${var.name}-instance"
  description = "The machine of Chroma: joins the cluster, is reached by Session Manager and not by SSH"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "instance" {
  for_each = {
    cluster = "service-role/AmazonEC2ContainerServiceforEC2Role"
    session = "AmazonSSMManagedInstanceCore"
  }

  role       = aws_iam_role.instance.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/${each.value}"
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-instance"
  role = aws_iam_role.instance.name
}

resource "aws_security_group" "instance" {
  name        = "${var.name}-instance"
  description = "The machine of Chroma: nothing reaches it"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "instance" {
  security_group_id = aws_security_group.instance.id
  description       = "AWS's services, and the registry of Chroma's image"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_instance" "this" {
  # checkov:skip=CKV_AWS_126: Its health is watched by the pipeline, every five minutes.
  # checkov:skip=CKV_AWS_135: The instance types that are asked for are so by themselves.
  ami                    = var.ami_id == null ? data.aws_ssm_parameter.image[0].insecure_value : var.ami_id
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = [aws_security_group.instance.id]
  iam_instance_profile   = aws_iam_instance_profile.this.name

  user_data = templatefile("${path.module}/user_data.sh.tftpl", {
    cluster = var.cluster_name
    device  = local.device
    mount   = local.mount
  })

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # Containers are a hop further away.
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 30
    encrypted   = true
  }

  tags = { Name = var.name }

  lifecycle {
    # AWS publishes new images every few weeks, and each would stop Chroma: replace the instance to take one. An emulator
    # tells the other two back without what was asked for, and each plan would replace the instance there.
    ignore_changes = [ami, metadata_options, root_block_device]
  }

  depends_on = [aws_iam_role_policy_attachment.instance]
}

# --- Chroma -------------------------------------------------------------------------------------------------------

resource "aws_security_group" "this" {
  name        = "${var.name}-server"
  description = "Chroma: reached by the API and the functions only"
  vpc_id      = var.vpc_id
}

# Chroma has no authentication of its own: who reaches the port is who may do everything.
resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = "From the ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts logs itself; they hold neither documents nor questions.
  # checkov:skip=CKV_AWS_338: How long is log_retention_days, the user's choice.
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "execution" {
  name        = "${var.name}-execution"
  description = "ECS starts Chroma and writes its logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    }]
  })
}

# No task role: Chroma calls nobody.
resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["EC2"]
  network_mode             = "awsvpc"
  execution_role_arn       = aws_iam_role.execution.arn

  volume {
    name      = "data"
    host_path = local.mount
  }

  container_definitions = jsonencode([{
    name      = "chroma"
    image     = var.image
    essential = true
    command   = ["run", "--host", "0.0.0.0", "--port", tostring(local.port), "--path", "/data"]
    # The least that it must have; what the machine has more is its page cache and its index.
    memoryReservation = 1024
    portMappings      = [{ containerPort = local.port, protocol = "tcp" }]
    mountPoints       = [{ sourceVolume = "data", containerPath = "/data", readOnly = false }]
    environment       = [{ name = "ANONYMIZED_TELEMETRY", value = "false" }]
    linuxParameters   = { capabilities = { drop = ["ALL"] } }
    # Chroma survives a kill; an orderly end is quicker to start from.
    stopTimeout = 60
    healthCheck = {
      command = ["CMD", "bash", "-c", join(" ", [
        "exec 3<>/dev/tcp/127.0.0.1/${local.port}",
        "&& printf 'GET /api/v2/heartbeat HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3",
        "&& grep -q heartbeat <&3",
      ])]
      interval    = 15
      timeout     = 5
      retries     = 4
      startPeriod = 120
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "chroma"
      }
    }
  }])
}

resource "aws_service_discovery_service" "this" {
  name         = var.host
  namespace_id = var.namespace_id

  dns_config {
    namespace_id = var.namespace_id

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "EC2"
  desired_count   = 1

  # Two servers on one disk would destroy it: the old one is gone before the new one starts.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = [var.subnet_id]
    security_groups = [aws_security_group.this.id]
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this.arn
  }

  lifecycle {
    # An emulator does not keep it, and would never have an empty plan.
    ignore_changes = [availability_zone_rebalancing]
  }

  depends_on = [aws_volume_attachment.data]
}
