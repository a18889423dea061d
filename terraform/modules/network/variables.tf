variable "name" {
  description = "Name of the VPC, and what the names of its parts begin with."
  type        = string
}

variable "region" {
  description = "The provider's region."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC: /16 to /24, cut into sixteenths."
  type        = string
}

variable "egress" {
  description = "How private subnets reach what is outside: nat or endpoints."
  type        = string
}

variable "endpoint_services" {
  description = "AWS services with an interface endpoint where egress is endpoints."
  type        = set(string)
}

variable "existing" {
  description = "A VPC that is there already, with its subnets; null makes one."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    public_subnet_ids  = list(string)
  })
}
