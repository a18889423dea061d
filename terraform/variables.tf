# --- Names ------------------------------------------------------------------------------------------------------

variable "name_suffix" {
  description = "Put at the end of every name, after a hyphen. Bucket names are unique over all of AWS, so a deployment to AWS needs one (for example \"acme-prod\"); with none, names are exactly those of the architecture."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?)?$", var.name_suffix))
    error_message = "name_suffix must be empty, or up to 20 lower-case letters, digits and hyphens, with no hyphen at either end."
  }
}

variable "tags" {
  description = "Tags of every resource, added to Project and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}

# --- Images -----------------------------------------------------------------------------------------------------

variable "create_ecr_repositories" {
  description = "Create an ECR repository for each function's image. Turn it off where an emulator has no ECR; images are then named after image_registry."
  type        = bool
  default     = true
  nullable    = false
}

variable "image_registry" {
  description = "What stands before `/<function>` in an image's name when create_ecr_repositories is off: a registry and path, or the name of local images."
  type        = string
  default     = "portfolio"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)*$", var.image_registry))
    error_message = "image_registry must look like \"registry.example.com/portfolio\": no scheme, no slash at the end."
  }
}

variable "image_tag" {
  description = "Tag of the functions' images. `make build-images` derives it from their content and writes it to images.auto.tfvars.json, so that changed code means a changed image URI."
  type        = string
  default     = "local"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a valid image tag: up to 128 letters, digits, underscores, dots and hyphens."
  }
}

variable "api_image_tag" {
  description = "Tag of the API's image, which `make build-images` derives and writes as it does image_tag. Used with deploy_services."
  type        = string
  default     = "latest"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.api_image_tag))
    error_message = "api_image_tag must be a valid image tag: up to 128 letters, digits, underscores, dots and hyphens."
  }
}

variable "architecture" {
  description = "Instruction set that the images were built for."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

# --- Functions --------------------------------------------------------------------------------------------------

variable "function_settings" {
  description = "Time limit, memory and concurrency by function; leave out what should stay as it is. maximum_concurrency bounds how many invocations one queue feeds at once; reserved_concurrency of -1 reserves none."
  type = object({
    document-intake = optional(object({
      # A burst of uploads starts as many environments at once: on a small machine, containers need their time.
      timeout_seconds      = optional(number, 60)
      memory_mb            = optional(number, 512)
      reserved_concurrency = optional(number, -1)
    }), {})
    # 1769 MB buys one whole vCPU: parsing and inference are bound by it.
    document-processor = optional(object({
      timeout_seconds      = optional(number, 50)
      memory_mb            = optional(number, 1769)
      reserved_concurrency = optional(number, -1)
      maximum_concurrency  = optional(number, 10)
    }), {})
    embedding-generator = optional(object({
      timeout_seconds      = optional(number, 120)
      memory_mb            = optional(number, 1769)
      reserved_concurrency = optional(number, -1)
      maximum_concurrency  = optional(number, 10)
    }), {})
    batch-reindex = optional(object({
      timeout_seconds      = optional(number, 900)
      memory_mb            = optional(number, 1769)
      reserved_concurrency = optional(number, -1)
    }), {})
    check-health = optional(object({
      timeout_seconds      = optional(number, 60)
      memory_mb            = optional(number, 512)
      reserved_concurrency = optional(number, -1)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for f in values(var.function_settings) : f.timeout_seconds >= 1 && f.timeout_seconds <= 900])
    error_message = "timeout_seconds must be between 1 and 900, Lambda's limit."
  }

  validation {
    condition     = alltrue([for f in values(var.function_settings) : f.memory_mb >= 128 && f.memory_mb <= 10240])
    error_message = "memory_mb must be between 128 and 10240, Lambda's limits."
  }

  validation {
    condition     = alltrue([for f in values(var.function_settings) : try(f.maximum_concurrency, 2) >= 2 && try(f.maximum_concurrency, 2) <= 1000])
    error_message = "maximum_concurrency must be between 2 and 1000, the limits of an SQS event source."
  }

  validation {
    condition     = alltrue([for f in values(var.function_settings) : f.reserved_concurrency >= -1])
    error_message = "reserved_concurrency must be -1 (none reserved) or more."
  }
}

variable "vpc_config" {
  description = "Subnets and security groups of the functions, for a Chroma that is only reachable inside a VPC. Null leaves them outside."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc_config == null ? true : length(var.vpc_config.subnet_ids) > 0 && length(var.vpc_config.security_group_ids) > 0
    error_message = "vpc_config needs at least one subnet and one security group."
  }
}

variable "tracing_enabled" {
  description = "Trace the functions with X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "otel_exporter_otlp_endpoint" {
  description = "Base URL of a collector that takes OTLP over HTTP and is reached by the functions and the API; empty: no spans."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.otel_exporter_otlp_endpoint == "" || can(regex("^https?://", var.otel_exporter_otlp_endpoint))
    error_message = "otel_exporter_otlp_endpoint must begin with http:// or https://."
  }
}

variable "log_level" {
  description = "What the functions log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number that CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, …"
  }
}

variable "aws_endpoint_url_for_functions" {
  description = "AWS_ENDPOINT_URL inside the functions, for an emulator that does not set it itself. Empty means AWS's own endpoints."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.aws_endpoint_url_for_functions == "" || can(regex("^https?://[^/ ]+$", var.aws_endpoint_url_for_functions))
    error_message = "aws_endpoint_url_for_functions must be empty or look like http://host:port, with no path."
  }
}

# --- Chroma -----------------------------------------------------------------------------------------------------

variable "chroma_url" {
  description = "Where the functions reach Chroma."
  type        = string
  default     = "http://chromadb:8000"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^/ ]+$", var.chroma_url))
    error_message = "chroma_url must look like http://host:port, with no path."
  }
}

variable "chroma_cloud" {
  description = "Chroma Cloud, or another distributed Chroma behind HTTPS and a token, in place of chroma_url and of the Chroma that deploy_services runs. tenant and database: empty for those that chroma_api_key opens."
  type = object({
    url      = optional(string, "https://api.trychroma.com")
    tenant   = optional(string, "")
    database = optional(string, "")
  })
  default = null

  validation {
    condition     = var.chroma_cloud == null ? true : can(regex("^https://[^/ @]+$", var.chroma_cloud.url))
    error_message = "chroma_cloud.url must look like https://host, with no path: the key is not sent in clear text."
  }

  validation {
    condition     = (var.chroma_cloud == null) == (var.chroma_api_key == "")
    error_message = "chroma_cloud and chroma_api_key belong together."
  }

  validation {
    condition     = var.chroma_cloud == null || length(var.chroma_collection) <= 102
    error_message = "chroma_collection must have 102 characters at most with chroma_cloud: its names have 128, and the collections of a rebuilt index have up to 26 more."
  }

  validation {
    condition     = var.chroma_cloud == null || !var.deploy_services || var.network.egress == "nat"
    error_message = "chroma_cloud needs a way to the internet: network.egress = \"nat\"."
  }
}

variable "chroma_api_key" {
  description = "Key of chroma_cloud for the functions, best given as TF_VAR_chroma_api_key: functions read it from their environment, so it is in Terraform's state, and encrypted in Lambda. The API reads it from a secret, output api_secret_names names it, which `make deploy` gives the same value."
  type        = string
  default     = ""
  sensitive   = true
  nullable    = false
}

variable "chroma_collection" {
  description = "Base name of the collection in Chroma."
  type        = string
  default     = "portfolio_knowledge"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9._-]{1,448}[a-zA-Z0-9]$", var.chroma_collection))
    error_message = "chroma_collection must have 3 to 450 letters, digits, dots, underscores and hyphens, and begin and end with a letter or digit."
  }

  validation {
    condition     = !can(regex("-.{8}-of[0-9]{1,3}(-[0-9]{1,2})?$", var.chroma_collection))
    error_message = "chroma_collection must not end as the names of indexes of several collections do."
  }
}

variable "embedding_compatible_fingerprints" {
  description = "Fingerprints, with commas between, of the same embedding model in another precision (on a GPU, say): a reindex takes the vectors that the backup holds under them for the model's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9a-f]{8,64}(, *[0-9a-f]{8,64})*)?$", var.embedding_compatible_fingerprints))
    error_message = "embedding_compatible_fingerprints must be hex digests with commas between."
  }
}

variable "chroma_partitions" {
  description = "Of how many collections the next index is made that a reindex builds, for a store that limits the records of one: Chroma Cloud takes five million in each. The nightly reindex, or `rag ingest --type REINDEX`, moves the index to this number."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.chroma_partitions >= 1 && var.chroma_partitions <= 100 && floor(var.chroma_partitions) == var.chroma_partitions
    error_message = "chroma_partitions must be a whole number from 1 to 100."
  }
}

# --- Services: Chroma and the API ---------------------------------------------------------------------------------

variable "deploy_services" {
  description = "Run Chroma and the API here too, in a network of their own: ECS, a load balancer, a disk with daily snapshots. Off, Chroma is where chroma_url says, and the API is yours to run. With chroma_cloud there is no Chroma here either way."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.deploy_services || length(var.name_suffix) <= 18
    error_message = "With deploy_services, name_suffix has 18 characters at most: a load balancer's name has 32."
  }
}

variable "network" {
  description = "Network of the services. cidr: addresses of a new VPC over two zones, /16 to /24. existing: a VPC that is there, with private subnets that reach AWS's services and public ones for the load balancer. egress: nat, one gateway (about 33 USD a month and 0.045 USD a GB, us-east-1), which OpenAI and images from Docker Hub need; or endpoints, an interface endpoint for each of endpoint_services (about 7.30 USD a month, service and zone: 146 USD for the ten) and nothing reaches the internet: no OpenAI, and Chroma's image from a registry of your own. The gateway endpoints for S3 and DynamoDB are free, and always there."
  type = object({
    cidr = optional(string, "10.20.0.0/16")
    existing = optional(object({
      vpc_id             = string
      private_subnet_ids = list(string)
      public_subnet_ids  = list(string)
    }))
    egress            = optional(string, "nat")
    endpoint_services = optional(set(string), ["sqs", "lambda", "monitoring", "logs", "secretsmanager", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry"])
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(cidrsubnet(var.network.cidr, 4, 15)) && tonumber(split("/", var.network.cidr)[1]) >= 16 && tonumber(split("/", var.network.cidr)[1]) <= 24
    error_message = "network.cidr must be a block such as 10.20.0.0/16, from /16 to /24."
  }

  validation {
    condition     = contains(["nat", "endpoints"], var.network.egress)
    error_message = "network.egress must be nat or endpoints."
  }

  validation {
    condition     = var.network.existing == null ? true : length(var.network.existing.private_subnet_ids) >= 2 && length(var.network.existing.public_subnet_ids) >= 2
    error_message = "network.existing needs two private and two public subnets, each pair in two zones."
  }
}

variable "vector_database" {
  description = "Chroma. instance_type: its memory holds the index (t3.medium, 4 GB, about 30 USD a month; docs/aws.md has the sizes). volume_gb: gp3 at 0.08 USD a GB and month, at least as much as there is memory. snapshot_id starts a new volume from a snapshot. snapshot_retention_days: of daily snapshots, 0.05 USD a GB and month of what changed. ami_id pins the machine's image. image: Chroma's, where Docker Hub is not reached."
  type = object({
    image                   = optional(string, "chromadb/chroma:1.5.9@sha256:1e0b73a187a28757c572acba508c46f48c9e8b0acaf5c20e6d95cdedce1acdf6")
    instance_type           = optional(string, "t3.medium")
    ami_id                  = optional(string)
    volume_gb               = optional(number, 30)
    snapshot_id             = optional(string)
    snapshot_retention_days = optional(number, 14)
    kms_key_arn             = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.vector_database.volume_gb >= 8 && var.vector_database.volume_gb <= 16384 && floor(var.vector_database.volume_gb) == var.vector_database.volume_gb
    error_message = "vector_database.volume_gb must be a whole number between 8 and 16384."
  }

  validation {
    condition     = var.vector_database.snapshot_retention_days >= 1 && floor(var.vector_database.snapshot_retention_days) == var.vector_database.snapshot_retention_days
    error_message = "vector_database.snapshot_retention_days must be a whole number of days, 1 or more."
  }

  validation {
    # 2 GB are the least that Chroma needs.
    condition     = !can(regex("\\.(nano|micro)$", var.vector_database.instance_type)) && can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.vector_database.instance_type))
    error_message = "vector_database.instance_type must be an EC2 type with 2 GB of memory or more, such as t3.medium."
  }
}

variable "api_service" {
  description = "The API on Fargate (a vCPU with 2 GB: about 36 USD a month and task; the load balancer about 17). certificate_arn: of ACM; without one the load balancer serves HTTP, and then not to everybody. allowed_cidr_blocks: who reaches it. internal: private addresses only. cpu and memory_mb: a pair that Fargate has. Autoscaling between minimum_tasks and maximum_tasks goes by CPU and by questions that wait. openai: take OPENAI_API_KEY from a secret, to which you give a value. bedrock_model: id of a model or inference profile of Amazon Bedrock that writes the answers, by the API's role. environment: more variables of .env.example."
  type = object({
    certificate_arn      = optional(string)
    allowed_cidr_blocks  = optional(set(string), [])
    internal             = optional(bool, false)
    cpu                  = optional(number, 1024)
    memory_mb            = optional(number, 2048)
    minimum_tasks        = optional(number, 1)
    maximum_tasks        = optional(number, 4)
    openai               = optional(bool, false)
    bedrock_model        = optional(string)
    environment          = optional(map(string), {})
    secret_recovery_days = optional(number, 7)
    kms_key_arn          = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.api_service.certificate_arn == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.api_service.certificate_arn))
    error_message = "api_service.certificate_arn must be the ARN of a certificate in ACM."
  }

  validation {
    condition     = var.api_service.bedrock_model == null || !var.api_service.openai
    error_message = "api_service: answers are written by openai or by bedrock_model, not by both."
  }

  validation {
    condition     = alltrue([for block in var.api_service.allowed_cidr_blocks : can(cidrhost(block, 0))])
    error_message = "api_service.allowed_cidr_blocks must hold blocks such as 203.0.113.0/24."
  }

  validation {
    condition     = var.api_service.certificate_arn != null || var.api_service.internal || !contains(var.api_service.allowed_cidr_blocks, "0.0.0.0/0")
    error_message = "Without a certificate, keys and answers would cross the internet in the clear: give api_service.certificate_arn, or narrow allowed_cidr_blocks."
  }

  validation {
    condition = contains(lookup({
      "256"   = [512, 1024, 2048]
      "512"   = range(1024, 4097, 1024)
      "1024"  = range(2048, 8193, 1024)
      "2048"  = range(4096, 16385, 1024)
      "4096"  = range(8192, 30721, 1024)
      "8192"  = range(16384, 61441, 4096)
      "16384" = range(32768, 122881, 8192)
    }, tostring(var.api_service.cpu), []), var.api_service.memory_mb)
    error_message = "api_service.cpu and memory_mb must be a pair that Fargate has, such as 1024 and 2048 to 8192."
  }

  validation {
    condition     = var.api_service.minimum_tasks >= 1 && var.api_service.maximum_tasks >= var.api_service.minimum_tasks
    error_message = "api_service.minimum_tasks must be 1 or more, and maximum_tasks no less than that."
  }

  validation {
    condition     = var.api_service.secret_recovery_days == 0 || (var.api_service.secret_recovery_days >= 7 && var.api_service.secret_recovery_days <= 30)
    error_message = "api_service.secret_recovery_days must be 0, or between 7 and 30."
  }
}

# --- What the pipeline obeys: the objects in the config bucket --------------------------------------------------

variable "ingestion_rules" {
  description = "Which documents are taken and how they are cut; written to ingestion-rules/default.json. `prefixes` overrides any of it for documents whose key, without its stage, begins with the map's key."
  type = object({
    allowed_types        = optional(list(string), ["md", "txt", "pdf", "html", "docx", "xlsx", "pptx", "csv", "tsv", "json", "jsonl", "ipynb", "eml", "epub"])
    max_file_size_bytes  = optional(number, 52428800)
    chunk_size_tokens    = optional(number, 1000)
    chunk_overlap_tokens = optional(number, 200)
    window_tokens        = optional(number, 128)
    # structure, fixed or semantic; the two below are for semantic alone.
    chunking_strategy              = optional(string, "structure")
    semantic_breakpoint_percentile = optional(number, 95)
    semantic_buffer_sentences      = optional(number, 1)
    max_pages                      = optional(number, 5000)
    max_characters                 = optional(number, 20000000)
    extraction_timeout_seconds     = optional(number, 35)
    extraction_memory_mb           = optional(number, 1280)
    # Text in pictures and scans: auto, off or always; languages by ISO 639-1.
    ocr                      = optional(string, "auto")
    ocr_languages            = optional(list(string), ["en"])
    ocr_max_pages            = optional(number, 1000)
    ocr_page_timeout_seconds = optional(number, 30)
    prefixes = optional(map(object({
      allowed_types                  = optional(list(string))
      max_file_size_bytes            = optional(number)
      chunk_size_tokens              = optional(number)
      chunk_overlap_tokens           = optional(number)
      window_tokens                  = optional(number)
      chunking_strategy              = optional(string)
      semantic_breakpoint_percentile = optional(number)
      semantic_buffer_sentences      = optional(number)
      max_pages                      = optional(number)
      max_characters                 = optional(number)
      extraction_timeout_seconds     = optional(number)
      extraction_memory_mb           = optional(number)
      ocr                            = optional(string)
      ocr_languages                  = optional(list(string))
      ocr_max_pages                  = optional(number)
      ocr_page_timeout_seconds       = optional(number)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      rules.allowed_types == null ? true : length(rules.allowed_types) > 0 && length(setsubtract(rules.allowed_types, ["md", "txt", "pdf", "html", "docx", "xlsx", "pptx", "csv", "tsv", "json", "jsonl", "ipynb", "eml", "epub"])) == 0
    ])
    error_message = "allowed_types must be chosen from md, txt, pdf, html, docx, xlsx, pptx, csv, tsv, json, jsonl, ipynb, eml and epub, and not be empty."
  }

  validation {
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      coalesce(rules.chunk_size_tokens, var.ingestion_rules.chunk_size_tokens) >= 64
      && coalesce(rules.chunk_size_tokens, var.ingestion_rules.chunk_size_tokens) <= 2000
      && coalesce(rules.chunk_overlap_tokens, var.ingestion_rules.chunk_overlap_tokens) >= 0
      && coalesce(rules.chunk_overlap_tokens, var.ingestion_rules.chunk_overlap_tokens) < coalesce(rules.chunk_size_tokens, var.ingestion_rules.chunk_size_tokens)
    ])
    error_message = "chunk_size_tokens must be between 64 and 2000, and chunk_overlap_tokens between 0 and less than chunk_size_tokens."
  }

  validation {
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      contains(["structure", "fixed", "semantic"], coalesce(rules.chunking_strategy, "structure"))
      && coalesce(rules.semantic_breakpoint_percentile, 95) >= 50 && coalesce(rules.semantic_breakpoint_percentile, 95) <= 99
      && coalesce(rules.semantic_buffer_sentences, 1) >= 0 && coalesce(rules.semantic_buffer_sentences, 1) <= 5
    ])
    error_message = "chunking_strategy must be structure, fixed or semantic, semantic_breakpoint_percentile between 50 and 99, and semantic_buffer_sentences between 0 and 5."
  }

  validation {
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      contains(["auto", "off", "always"], coalesce(rules.ocr, "auto"))
      && (rules.ocr_languages == null ? true : length(rules.ocr_languages) > 0)
      && coalesce(rules.ocr_max_pages, 1) >= 1 && coalesce(rules.ocr_page_timeout_seconds, 1) >= 1
    ])
    error_message = "ocr must be auto, off or always, ocr_languages not empty, ocr_max_pages and ocr_page_timeout_seconds at least 1."
  }

  validation {
    # 256 word pieces is where all-MiniLM-L6-v2 cuts its input off: what lies beyond would not be searchable.
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      rules.window_tokens == null ? true : rules.window_tokens >= 32 && rules.window_tokens <= 254
    ])
    error_message = "window_tokens must be between 32 and 254: the embedding model reads 256 tokens, two of them its own."
  }

  validation {
    condition = alltrue(flatten([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) : [
        for limit in [rules.max_file_size_bytes, rules.max_pages, rules.max_characters, rules.extraction_timeout_seconds, rules.extraction_memory_mb] :
        limit == null ? true : limit > 0
      ]
    ]))
    error_message = "Sizes, counts and limits of ingestion_rules must be above 0."
  }

  validation {
    # The processor still has to chunk, write and send when a parser is stopped at its limit.
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      rules.extraction_timeout_seconds == null ? true : rules.extraction_timeout_seconds < var.function_settings.document-processor.timeout_seconds
    ])
    error_message = "extraction_timeout_seconds must be below the timeout_seconds of document-processor."
  }

  validation {
    condition = alltrue([
      for rules in concat([var.ingestion_rules], values(var.ingestion_rules.prefixes)) :
      rules.extraction_memory_mb == null ? true : rules.extraction_memory_mb < var.function_settings.document-processor.memory_mb
    ])
    error_message = "extraction_memory_mb must be below the memory_mb of document-processor."
  }
}

variable "model_config" {
  description = "Embedding and chat models, and prices of chat models (USD for a million tokens) that win over the built-in list; written to model-configs/default.json."
  type = object({
    embedding_model   = optional(string, "sentence-transformers/all-MiniLM-L6-v2")
    embedding_backend = optional(string, "onnx")
    gpt_model         = optional(string, "gpt-4o-mini")
    temperature       = optional(number, 0.1)
    top_k             = optional(number, 5)
    prices            = optional(map(object({ prompt = number, completion = number })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["onnx", "torch"], var.model_config.embedding_backend)
    error_message = "embedding_backend must be onnx (the baked model) or torch (sentence-transformers itself)."
  }

  validation {
    condition     = var.model_config.temperature >= 0 && var.model_config.temperature <= 1
    error_message = "temperature must be between 0 and 1."
  }

  validation {
    condition     = var.model_config.top_k >= 1 && var.model_config.top_k <= 20 && floor(var.model_config.top_k) == var.model_config.top_k
    error_message = "top_k must be a whole number between 1 and 20."
  }
}

# --- Queues -----------------------------------------------------------------------------------------------------

variable "visibility_timeout_seconds" {
  description = "How long a message that was received stays hidden; null (for AWS): six times the limit of the function that reads the queue. Shorter for the local stack, where messages are received while no function runs."
  type        = number
  default     = null

  validation {
    condition     = var.visibility_timeout_seconds == null ? true : var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200
    error_message = "visibility_timeout_seconds must be between 30 and 43200."
  }
}

variable "max_receive_count" {
  description = "Attempts at a message before it goes to the dead-letter queue."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count must be a whole number between 1 and 1000."
  }
}

# --- Data: protection and age -----------------------------------------------------------------------------------

variable "s3_kms_key_arn" {
  description = "KMS key that encrypts the buckets. Null encrypts with keys that S3 manages (AES256)."
  type        = string
  default     = null

  validation {
    condition     = var.s3_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.s3_kms_key_arn))
    error_message = "s3_kms_key_arn must be the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>; the policies of the functions name it, so an alias will not do."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the tables."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy_buckets" {
  description = "Let `terraform destroy` delete buckets that still hold objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "history" {
  description = "How many replaced versions of a document stay searchable as of a time, and for how many days after they were replaced; 0 versions: none, 0 days: for ever. Their originals stay where they can be read at once for as long."
  type = object({
    versions = optional(number, 10)
    days     = optional(number, 1095)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.history.versions >= 0 && var.history.versions <= 1000 && floor(var.history.versions) == var.history.versions
    error_message = "history.versions must be a whole number from 0 to 1,000."
  }

  validation {
    condition     = var.history.days >= 0 && var.history.days <= 36500 && floor(var.history.days) == var.history.days
    error_message = "history.days must be a whole number from 0 to 36,500."
  }
}

variable "lifecycle_days" {
  description = "Ages, in days, at which objects move and go. archive and deep_archive: of objects under archived/ of the raw bucket, and no sooner than history.days. originals: of what is under processed/ and large enough to gain by it, which goes to a class that is still read at once. noncurrent_archive: of replaced or deleted versions in the raw bucket. noncurrent_expiration: of the same in every bucket, for good. incomplete_upload: of multipart uploads that never ended. job_reports: of what each batch job did with each document; its counts stay."
  type = object({
    archive               = optional(number, 30)
    deep_archive          = optional(number, 180)
    originals             = optional(number, 180)
    noncurrent_archive    = optional(number, 30)
    noncurrent_expiration = optional(number, 365)
    incomplete_upload     = optional(number, 7)
    job_reports           = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in values(var.lifecycle_days) : days >= 1 && floor(days) == days])
    error_message = "lifecycle_days must be whole numbers of days, 1 or more."
  }

  validation {
    # Glacier Flexible Retrieval bills 90 days whatever happens.
    condition     = var.lifecycle_days.deep_archive >= var.lifecycle_days.archive + 90
    error_message = "deep_archive must come at least 90 days after archive, the shortest stay that Glacier bills."
  }

  validation {
    condition     = var.lifecycle_days.noncurrent_expiration > var.lifecycle_days.noncurrent_archive
    error_message = "noncurrent_expiration must come after noncurrent_archive."
  }
}

# --- Alarms -----------------------------------------------------------------------------------------------------

variable "alarm_thresholds" {
  description = "The alarms fire above these: failed documents in percent of those that ended, mean seconds from intake to the end over 5 minutes, messages waiting in a queue, messages in the dead-letter queues."
  type = object({
    failure_rate_percent = optional(number, 5)
    processing_seconds   = optional(number, 300)
    queue_depth          = optional(number, 100)
    dead_letters         = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarm_thresholds.failure_rate_percent >= 0 && var.alarm_thresholds.failure_rate_percent < 100
    error_message = "failure_rate_percent must be at least 0 and below 100."
  }

  validation {
    condition     = alltrue([for threshold in values(var.alarm_thresholds) : threshold >= 0])
    error_message = "Alarm thresholds must be 0 or more."
  }
}

variable "alarm_emails" {
  description = "Addresses that the alarms notify; each must confirm a message from AWS first."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alarm_emails must hold e-mail addresses."
  }
}
