using Caur.Builder.Engines;
using Caur.Contracts.Ids;
using Caur.Silo.Hub;

namespace Caur.Silo.Configuration;

/// <summary>Every setting. Validation, <c>caur config check</c> and docs/configuration.md are made of this table; a setting that is new
/// is a row here, a line there, and whoever uses it reads its variable from <see cref="HubSettings.Variable"/>.</summary>
internal static class SettingTable
{
    private const long Mebibyte = 1024 * 1024;

    private static readonly Words Folder = new("a path", text => !string.IsNullOrWhiteSpace(text) && !text.Contains('\0', StringComparison.Ordinal));

    private static readonly Words AbsolutePath = new("an absolute path", text => text.StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal));

    private static readonly Words WebAddress = new("an address, http:// or https://", RepositoryJson.IsWebUrl);

    private static readonly Words OneLine = new("one line of text", text => !text.Any(char.IsControl));

    private static readonly WholeNumber Seconds = new(1, 30 * 86400, "seconds");

    private static readonly Words Label = new("letters, digits and @ . _ + -", Names.IsValid);

    /// <summary>All, in the order of the reference.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        // What the farm builds from and for.
        new("source_repositories", "PACKAGE_REPOS", new JsonObjectKind(RepositoryJson.SourcesForm, RepositoryJson.CheckSources),
            "required", "The git repositories of PKGBUILD folders, by an id of your choice. With `hold_dependants` (default true), what depends on a failed build waits until that succeeds. `follow` has the farm look for new commits itself, or not, whatever `CAUR_FOLLOW` says; `webhook_secret` lets a webhook tell of them. `schedule` is when what is new of every package is looked for, `triggers` when the packages of each `CI_ON_TRIGGER` are scheduled: cron expressions, in UTC. `token` is for pushes and for merge or pull requests, `aur_key` for managed AUR packages ([sources.md](sources.md)).")
            { Options = ["FarmOptions.SourceRepositories"], IsSecret = true },
        new("target_repositories", "PACKAGE_TARGET_REPOS", new JsonObjectKind(RepositoryJson.TargetsForm, RepositoryJson.CheckTargets),
            "required", "The pacman repositories that are built for, by name. `extra_repos` are further repositories that builds take dependencies from; their packages must be signed by keys that the builder image trusts, or that a package of `extra_keyrings` brings: addresses of keyring packages, which each build installs first and believes, so they should be `https`.")
            { Options = ["FarmOptions.TargetRepositories"] },
        new("notifiers", "PACKAGE_REPOS_NOTIFIERS", new JsonObjectKind(RepositoryJson.NotifiersForm, RepositoryJson.CheckNotifiers),
            "none", "Who is told of the builds of a source repository: project, token and name of the commit status ([notifications.md](notifications.md)); `%pkgbase%` in `check_name` is the package, `%target%` and `%arch%` are where it goes. `kind` (`gitlab`, `github`) and `url` (of the API) follow from the source repository's address where they are left out.")
            { Options = ["FarmOptions.Notifiers"], IsSecret = true },

        new("following.enabled", "CAUR_FOLLOW", new Flag(), "false", "Whether the farm looks by itself for new commits of source repositories that do not say otherwise. A farm that CI pipelines post to needs it not.")
            { Options = ["FarmOptions.Follow"] },
        new("following.interval", "CAUR_FOLLOW_INTERVAL", new WholeNumber(1, 86400, "seconds"), "60", "How often it looks.") { Options = ["FarmOptions.FollowInterval"] },
        new("following.aur_url", "CAUR_AUR_URL", new Words("an address, http:// or https://", RepositoryJson.IsWebUrl), "https://aur.archlinux.org", "The AUR, or a mirror with the same paths, for the on-schedule pipeline.") { Options = ["FarmOptions.AurUrl"] },
        new("following.scripts_image", "CAUR_SCRIPTS_IMAGE", new Words("an image's name", text => !text.StartsWith('-') && !text.Any(c => char.IsControl(c) || c == ' ')), "none",
            "The image in whose containers `update.sh` and nvchecker run, without any secret; the builder image has what they need. Without one, packages that need it are skipped, and told.")
            { Options = ["FarmOptions.ScriptsImage"] },

        .. NotificationSettings.All,

        // Where things lie.
        new("data", "CAUR_DATA", Folder, "`/var/lib/caur` for root, else `~/.local/share/caur`", "The data folder.") { Argument = "--data" },
        new("paths.repositories", "REPO_PATH", Folder, "`repos` in the data folder", "Where the target repositories are, as a web server serves them."),
        new("paths.landing", "LANDING_ZONE_PATH", Folder, "`landing` in the data folder", "Where archives wait between build and publication."),
        new("paths.keys", "GPG_PATH", Folder, "`keys` in the data folder", "gpg's home with the signing key.") { Options = ["GpgOptions.Home"] },
        new("signing.key", "CAUR_SIGNING_KEY", new Words("a fingerprint, 40 or 64 hexadecimal digits", IsFingerprint),
            "the only secret key there", "Which key signs, where the home has several, or to take a new one into use.") { Options = ["GpgOptions.Fingerprint"] },

        // The gateway.
        new("gateway.port", "CAUR_WEB_PORT", new WholeNumber(0, 65535), "8080", "The port on all addresses; 0 takes a free one.") { Argument = "--web-port" },
        new("gateway.repository_url", "CAUR_REPOSITORY_URL", WebAddress, "`http://host.docker.internal:PORT`",
            "Where build containers reach this gateway.") { Options = ["FarmOptions.RepositoryUrl"] },
        new("gateway.logs_url", "LOGS_URL", WebAddress, "none, and links are left out", "The address of the log viewer, for links.") { Options = ["FarmOptions.LogsUrl"] },
        .. GatewaySettings.All,
        new("web.cache", "CAUR_WEB_CACHE", new WholeNumber(16, 64 * Mebibyte, "MiB"), "4096", "Of `caur web`, which reads its environment alone: the most that files and logs take in its cache.")
            { Options = ["WebOptions.CacheBytes"] },

        .. UploadSettings.All,

        // Builds, wherever they run.
        new("builds.image", "BUILDER_IMAGE", new Words("an image reference without blanks", IsImage), "`localhost/caur-builder:latest`",
            "The image that builds run in.") { Aliases = ["CAUR_BUILDER_IMAGE"], Options = ["FarmOptions.BuilderImage"] },
        new("builds.timeout", "BUILDER_TIMEOUT", Seconds, "3600",
            "How long a build may take. `BUILDER_EXTRA_TIMEOUT` in a package folder multiplies it.") { Options = ["FarmOptions.BuildTimeout", "AttemptOptions.TimeoutAtLeast"] },
        new("builds.stall_timeout", "CAUR_STALL_TIMEOUT", new WholeNumber(0, 30 * 86400, "seconds"), "1800",
            "How long a build may say nothing; 0 for ever.") { Options = ["FarmOptions.StallTimeout"] },
        new("builds.lease", "CAUR_LEASE", new WholeNumber(5, 3600, "seconds"), "30",
            "How long a builder that is not heard of keeps what it runs, before that is given to others.") { Options = ["FarmOptions.Lease"] },
        new("builds.packager", "PACKAGER", OneLine, "`Caur <caur@localhost>`", "Who packed it, written into packages.") { Options = ["FarmOptions.Packager"] },
        new("builds.skip_code", "CI_CODE_SKIP", new Words("a whole number from 1 to 255, and none of 13, 120, 121, 122, 124, which mean something else", IsSkipCode), "123",
            "The exit code by which a package's own files decide against a build.") { Options = ["AttemptOptions.SkipCode"] },

        // Builders: the one in this process, and 'caur builder' on other machines, which reads its environment.
        new("builder.slots", "CAUR_SLOTS", new WholeNumber(0, 1000), "one per two processors", "How many builds run here at the same time; 0 for none.")
            { Argument = "--slots", Options = ["BuilderOptions.Slots"] },
        new("builder.name", "BUILDER_HOSTNAME", new Words("letters, digits, '.', '_' and '-', at most 200", IsBuilderName), "`hub`; of `caur builder`, the machine's name", "Its name, in logs and for builds that ask for it.")
            { Options = ["BuilderOptions.Name"] },
        new("builder.class", "BUILDER_CLASS", new WordOrNumber("a number (builds of that class and lower) or a name (only builds that ask for it)", text => BuilderClasses.Problem(text) is null),
            "2", "Which builds it takes.") { Options = ["BuilderOptions.Class"] },
        new("builder.labels", "CAUR_BUILDER_LABELS", new WordList("words of letters, digits and @ . _ + -", Names.IsValid), "none",
            "Words that a build may ask for (`BUILDER_LABELS` in a package folder).") { Options = ["BuilderOptions.Labels"] },
        new("builder.cpus", "BUILDER_LIMITS_CPUS", new Fraction(0.01, 10_000, "processors"), "all", "Processors that one build may use.") { Options = ["ContainerOptions.Cpus"] },
        new("builder.memory", "BUILDER_LIMITS_RAM", new WholeNumber(6, 64 * Mebibyte, "MiB"), "no limit", "Memory that one build may use, swap included.") { Options = ["ContainerOptions.MemoryBytes"] },
        new("builder.processes", "CAUR_BUILDER_PROCESSES", new WholeNumber(16, 4 * Mebibyte), "16384", "Processes and threads that one build may have at the same time.")
            { Options = ["ContainerOptions.MaxProcesses"] },
        new("builder.network", "CAUR_BUILDER_NETWORK", Label, "`bridge`", "The container engine's network for builds.") { Options = ["ContainerOptions.Network"] },
        new("builder.workspace", "SHARED_PATH", AbsolutePath, "`builder` in the data folder", "Where builds lie while they run. Where the farm itself runs in a container and `/shared` is there, this is the host's path of it.")
            { Options = ["BuilderOptions.Workspace", "BuilderOptions.HostWorkspace"] },
        new("builder.shutdown", "CAUR_BUILDER_SHUTDOWN", new Choice("hand-back", "finish", "leave"), "`hand-back`",
            "What becomes of running builds when the farm, or a builder's process, ends: given back, finished as far as the time for it goes, or left to the next start.") { Options = ["BuilderOptions.Shutdown"] },
        new("builder.shutdown_time", "CAUR_BUILDER_SHUTDOWN_TIME", new WholeNumber(10, 7 * 86400, "seconds"), "25", "How long the end may take. Whoever supervises the process has to wait 15 s longer.")
            { Options = ["BuilderOptions.ShutdownBudget"] },
        new("builder.lease_grace", "CAUR_LEASE_GRACE", new WholeNumber(0, 86400, "seconds"), "300", "How long builds go on that lost the control plane.") { Options = ["BuilderOptions.LeaseGrace"] },
        new("builder.keep_sources", "CAUR_KEEP_SOURCES", new WholeNumber(0, 3650, "days"), "30", "How long a package's downloads are kept without being used.") { Options = ["AttemptOptions.KeepSources"] },
        new("builder.log_size", "CAUR_LOG_SIZE", new WholeNumber(1, Mebibyte, "MiB"), "1024", "Where a log ends; what a build says beyond it is counted and dropped.") { Options = ["LogOptions.MaxBytes"] },
        new("builder.image_refresh", "CAUR_IMAGE_REFRESH", new WholeNumber(0, 30 * 86400, "seconds"), "7200", "How long a pulled image counts as fresh.") { Options = ["ImageOptions.RefreshAfter"] },
        new("builder.image_timeout", "CAUR_IMAGE_TIMEOUT", Seconds, "1800", "How long pulling an image may take.") { Options = ["ImageOptions.PullTimeout"] },
        new("builder.fetch_timeout", "CAUR_FETCH_TIMEOUT", Seconds, "900", "How long one fetch of a source repository may take.") { Options = ["SourceOptions.FetchTimeout"] },
        new("builder.upload_timeout", "CAUR_UPLOAD_TIMEOUT", Seconds, "3600", "How long the upload of one archive may take.") { Options = ["AttemptOptions.UploadTimeout"] },
        new("builder.engine", "CONTAINER_ENGINE", new Words("a container engine's name, docker or podman", text => !text.Any(c => char.IsControl(c) || c == ' ')), "docker", "Which container engine; anything but `docker` means podman.")
            { Options = ["EngineOptions.Address"] },
        new("builder.engine_address", "DOCKER_HOST", new Words("unix:///path, an absolute path, or tcp://host:port", text => EngineEndpoint.TryParse(text, out _) is not null),
            "`/var/run/docker.sock`, for podman `/run/podman/podman.sock`", "Where it listens. `CONTAINER_HOST` wins where podman is chosen.")
            { Aliases = ["CONTAINER_HOST", "DOCKER_SOCKET"], Options = ["EngineOptions.Address"] },

        // How long things are kept.
        new("logs.keep_days", "CAUR_LOGS_DAYS", new WholeNumber(1, 36500, "days"), "90", "How long a finished log is kept; the newest of each package always.") { Options = ["LogRetention.MaxAge"] },
        new("logs.keep_per_package", "CAUR_LOGS_PER_PACKAGE", new WholeNumber(1, 100_000), "50", "How many finished logs of a package folder are kept.") { Options = ["LogRetention.MaxPerPkgbase"] },
        new("repositories.keep_generations", "CAUR_KEEP_GENERATIONS", new WholeNumber(1, 10_000), "10", "How many generations are kept, however old.") { Options = ["RepositoryStoreOptions.KeepGenerations"] },
        new("repositories.generation_grace", "CAUR_GENERATION_GRACE", new WholeNumber(0, 8760, "hours"), "24", "How long each other generation is kept.") { Options = ["RepositoryStoreOptions.GenerationGrace"] },
        new("repositories.most_generations", "CAUR_MOST_GENERATIONS", new WholeNumber(1, 100_000), "1000", "How many generations are kept at most.") { Options = ["RepositoryStoreOptions.MostGenerations"] },
        new("repositories.file_grace", "CAUR_FILE_GRACE", new WholeNumber(0, 8760, "hours"), "24", "How long a package's file stays after it left the database.") { Options = ["RepositoryStoreOptions.FileGrace"] },
        new("repositories.archive_days", "CAUR_ARCHIVE_DAYS", new WholeNumber(0, 3650, "days"), "7", "How long it is in `archive` after that.") { Options = ["RepositoryStoreOptions.ArchiveFor"] },

        .. ClusterSettings.All,

        .. TelemetrySettings.All,
    ];

    /// <summary>What a builder on another machine reads of them, from its own environment.</summary>
    public static IReadOnlyList<Setting> OfBuilders { get; } =
    [
        .. All.Where(setting => setting.Name.StartsWith("builder.", StringComparison.Ordinal) || setting.Name.StartsWith("upload.", StringComparison.Ordinal) || setting.Name is "data" or "builds.skip_code" or "builds.timeout"),
    ];

    /// <summary>What a process in front of a hub reads of them, from its own environment.</summary>
    public static IReadOnlyList<Setting> OfWeb { get; } =
    [
        .. All.Where(setting => setting.Name.StartsWith("web.", StringComparison.Ordinal) || setting.Name.StartsWith("gateway.max_", StringComparison.Ordinal)
            || setting.Name.StartsWith("gateway.tls_", StringComparison.Ordinal) || setting.Name is "gateway.http" or "data" or "gateway.port" or "gateway.trusted_proxies"),
    ];

    private static bool IsFingerprint(string text)
    {
        var digits = text.Replace(" ", "", StringComparison.Ordinal);
        digits = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? digits[2..] : digits;
        return digits.Length is 40 or 64 && digits.All(char.IsAsciiHexDigit);
    }

    private static bool IsSkipCode(string text) => int.TryParse(text, out var code) && code is >= 1 and <= 255 and not (13 or (>= 120 and <= 122) or 124);

    private static bool IsImage(string text) => text.Length is > 0 and <= 500 && text[0] != '-' && !text.Any(c => char.IsControl(c) || c == ' ');

    private static bool IsBuilderName(string text) =>
        text.Length is > 0 and <= 200 && Names.IsValid(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
