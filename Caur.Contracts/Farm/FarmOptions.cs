namespace Caur.Contracts.Farm;

/// <summary>What the farm builds from and for. Configuration, never sent between grains.</summary>
public sealed class FarmOptions
{
    /// <summary>The source repositories by id (<c>PACKAGE_REPOS</c>). Default: none.</summary>
    public Dictionary<string, SourceRepositoryOptions> SourceRepositories { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The target repositories by name (<c>PACKAGE_TARGET_REPOS</c>). Default: none.</summary>
    public Dictionary<string, TargetRepositoryOptions> TargetRepositories { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Who is told of the builds of a source repository, by its id (<c>PACKAGE_REPOS_NOTIFIERS</c>). Default: none.</summary>
    public Dictionary<string, NotifierOptions> Notifiers { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The image that builds run in (<c>BUILDER_IMAGE</c>). Default: <c>localhost/caur-builder:latest</c>, which <c>./caur image</c> makes.</summary>
    public string BuilderImage { get; set; } = "localhost/caur-builder:latest";

    /// <summary>How long a build may run (<c>BUILDER_TIMEOUT</c>, there in seconds). Default: one hour.</summary>
    public TimeSpan BuildTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a build may say nothing; zero for ever. Default: 30 minutes.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a builder that is not heard of keeps what it runs, before it is given to others (<c>CAUR_LEASE</c>, there in
    /// seconds). From 5 seconds to an hour. Default: 30 seconds.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where build containers and people reach the gateway's <c>/repos</c>, without a slash at the end. Default: null, which
    /// is the hub's own port on the builder's host.</summary>
    public string? RepositoryUrl { get; set; }

    /// <summary>The address of the log viewer (<c>LOGS_URL</c>). Default: none, and links are left out.</summary>
    public string? LogsUrl { get; set; }

    /// <summary>The packager written into packages (<c>PACKAGER</c>). Default: <c>Caur &lt;caur@localhost&gt;</c>.</summary>
    public string Packager { get; set; } = "Caur <caur@localhost>";

    /// <summary>Whether the farm looks by itself for new commits of source repositories that do not say otherwise (<c>CAUR_FOLLOW</c>).
    /// Default: false, since a farm with CI pipelines is told by them.</summary>
    public bool Follow { get; set; }

    /// <summary>How often it looks (<c>CAUR_FOLLOW_INTERVAL</c>, there in seconds). From a second to a day. Default: one minute.</summary>
    public TimeSpan FollowInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The AUR, or a mirror with the same paths (<c>CAUR_AUR_URL</c>), without a slash at the end. Default:
    /// <c>https://aur.archlinux.org</c>.</summary>
    public string AurUrl { get; set; } = "https://aur.archlinux.org";

    /// <summary>The image in whose containers <c>update.sh</c> and nvchecker run (<c>CAUR_SCRIPTS_IMAGE</c>). Default: null, and packages that
    /// need it are skipped, and told.</summary>
    public string? ScriptsImage { get; set; }
}

/// <summary>One source repository.</summary>
public sealed class SourceRepositoryOptions
{
    /// <summary>Where git fetches it from; a path works for agents on the same host.</summary>
    public string Url { get; set; } = "";

    /// <summary>Whether what depends on a failed build is held until that build succeeds; otherwise it goes on. Default: true.</summary>
    public bool HoldDependants { get; set; } = true;

    /// <summary>Whether the farm looks by itself for new commits (<c>follow</c>). Default: null, which is <see cref="FarmOptions.Follow"/>.</summary>
    public bool? Follow { get; set; }

    /// <summary>What a webhook has to know, a secret (<c>webhook_secret</c>). Default: null, and webhooks are refused.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>When the farm looks for what is new of every package (<c>schedule</c>): a cron expression of five fields, in UTC. Default: null,
    /// for never by itself.</summary>
    public string? Schedule { get; set; }

    /// <summary>When the packages of a trigger are scheduled (<c>triggers</c>), by its name (<c>CI_ON_TRIGGER</c>): cron expressions as of
    /// <see cref="Schedule"/>. Default: none.</summary>
    public Dictionary<string, string> Triggers { get; set; } = [];

    /// <summary>A forge's access token, a secret (<c>token</c>): pushes and merge or pull requests are made with it. Default: null, for what stands
    /// in <see cref="Url"/>.</summary>
    public string? Token { get; set; }

    /// <summary>The private key that managed packages are pushed to the AUR with, a secret (<c>aur_key</c>). Default: null, and none is
    /// pushed.</summary>
    public string? AurKey { get; set; }
}

/// <summary>One target repository.</summary>
public sealed class TargetRepositoryOptions
{
    /// <summary>The architectures it is built for. Default: x86_64.</summary>
    public List<string> Architectures { get; set; } = ["x86_64"];

    /// <summary>Further repositories that its builds take dependencies from (<c>extra_repos</c>). Default: none.</summary>
    public List<ExtraRepository> ExtraRepositories { get; set; } = [];

    /// <summary>Further keyring packages, by URL (<c>extra_keyrings</c>). Default: none.</summary>
    public List<string> ExtraKeyrings { get; set; } = [];
}

/// <summary>A repository of others.</summary>
public sealed class ExtraRepository
{
    /// <summary>The section's name in pacman.conf.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its servers in order.</summary>
    public List<string> Servers { get; set; } = [];
}

/// <summary>Where commit statuses are kept.</summary>
public enum NotifierKind
{
    /// <summary>GitLab, of any host.</summary>
    GitLab,

    /// <summary>GitHub, also GitHub Enterprise.</summary>
    GitHub,
}

/// <summary>Who is told how the builds of a source repository's commits stand.</summary>
public sealed class NotifierOptions
{
    /// <summary>The project at its forge (<c>id</c>): GitLab's number or path, GitHub's <c>owner/name</c>.</summary>
    public string Project { get; set; } = "";

    /// <summary>The forge's access token; a secret (<c>token</c>).</summary>
    public string Token { get; set; } = "";

    /// <summary>The status's name; <c>%pkgbase%</c> in it stands for the package, <c>%target%</c> and <c>%arch%</c> for where it
    /// goes (<c>check_name</c>).</summary>
    public string CheckName { get; set; } = "";

    /// <summary>Which forge (<c>kind</c>). Default: null, by the host of the source repository.</summary>
    public NotifierKind? Kind { get; set; }

    /// <summary>The address of the forge's API (<c>url</c>). Default: null, by the host of the source repository.</summary>
    public string? Url { get; set; }
}
