output "vpc_id" {
  description = "The VPC."
  value       = local.vpc_id
}

output "cidr" {
  description = "The VPC's addresses."
  value       = local.cidr
}

output "private_subnet_ids" {
  description = "Subnets without a public address, one a zone."
  value       = local.private_subnet_ids
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer, one a zone."
  value       = local.public_subnet_ids
}

output "functions_security_group_id" {
  description = "Security group of the functions."
  value       = aws_security_group.functions.id
}
