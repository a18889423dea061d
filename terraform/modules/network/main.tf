# Where the services and the functions run: two zones, public subnets for the load balancer and the way out, private
# ones for everything else. Or the caller's own, and then nothing here but the security group and the endpoints.

data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: The first zones by name are taken; a new one changes nothing where it comes last.
  count = local.own ? 0 : 1

  state = "available"

  # Local Zones and Wavelength Zones have neither Fargate nor every kind of endpoint.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_vpc" "own" {
  count = local.own ? 1 : 0

  id = var.existing.vpc_id
}

locals {
  own   = var.existing != null
  zones = local.own ? [] : slice(data.aws_availability_zones.available[0].names, 0, 2)

  vpc_id             = local.own ? var.existing.vpc_id : aws_vpc.this[0].id
  cidr               = local.own ? data.aws_vpc.own[0].cidr_block : var.cidr
  private_subnet_ids = local.own ? var.existing.private_subnet_ids : aws_subnet.private[*].id
  public_subnet_ids  = local.own ? var.existing.public_subnet_ids : aws_subnet.public[*].id

  # One for each zone would outlive a zone; one alone costs half.
  gateways         = !local.own && var.egress == "nat" ? 1 : 0
  gateway_services = local.own ? toset([]) : toset(["s3", "dynamodb"])
  # With NAT, what has no gateway endpoint goes through it.
  interface_services = !local.own && var.egress == "endpoints" ? toset(var.endpoint_services) : toset([])
}

resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11: Flow logs are for the account to decide.
  count = local.own ? 0 : 1

  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# Nobody uses it: without rules, what is put into it by mistake reaches nothing.
resource "aws_default_security_group" "this" {
  count = local.own ? 0 : 1

  vpc_id  = aws_vpc.this[0].id
  ingress = []
  egress  = []
}

resource "aws_subnet" "public" {
  count = local.own ? 0 : 2

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = local.zones[count.index]
  cidr_block              = cidrsubnet(var.cidr, 4, count.index)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${local.zones[count.index]}" }
}

resource "aws_subnet" "private" {
  count = local.own ? 0 : 2

  vpc_id            = aws_vpc.this[0].id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, 4, 8 + count.index)

  tags = { Name = "${var.name}-private-${local.zones[count.index]}" }
}

# --- Ways out -----------------------------------------------------------------------------------------------------

resource "aws_internet_gateway" "this" {
  count = local.own ? 0 : 1

  vpc_id = aws_vpc.this[0].id

  tags = { Name = var.name }
}

resource "aws_route_table" "public" {
  count = local.own ? 0 : 1

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  count = local.own ? 0 : 1

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.own ? 0 : 2

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table" "private" {
  count = local.own ? 0 : 1

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.own ? 0 : 2

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_eip" "nat" {
  count = local.gateways

  domain = "vpc"

  tags = { Name = "${var.name}-nat" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = local.gateways

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id

  tags = { Name = var.name }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "nat" {
  count = local.gateways

  route_table_id         = aws_route_table.private[0].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

# Free, and most of the traffic: originals, vectors, chunks.
resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateway_services

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]

  tags = { Name = "${var.name}-${each.value}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_services

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.value}" }
}

resource "aws_security_group" "endpoints" {
  count = length(local.interface_services) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "AWS services inside the VPC, for what runs in it"
  vpc_id      = aws_vpc.this[0].id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(local.interface_services) > 0 ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# --- The functions ------------------------------------------------------------------------------------------------

resource "aws_security_group" "functions" {
  # checkov:skip=CKV2_AWS_5: The functions of the root module are in it.
  name        = "${var.name}-functions"
  description = "The functions: they call, nothing calls them"
  vpc_id      = local.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "functions_https" {
  security_group_id = aws_security_group.functions.id
  description       = "AWS's services"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "functions_chroma" {
  security_group_id = aws_security_group.functions.id
  description       = "Chroma"
  cidr_ipv4         = local.cidr
  ip_protocol       = "tcp"
  from_port         = 8000
  to_port           = 8000
}
