namespace Caur.Silo.Settings;

/// <summary>Every environment variable of the manual's system and of ours, with what becomes of it. docs/command-line.md has the same
/// list, and a test compares them.</summary>
internal static class FarmVariables
{
    private const Readers HubAndBuilder = Readers.Hub | Readers.Builder;
    private const Readers Everybody = Readers.Verbs | Readers.Hub | Readers.Builder;
    private const string NoRedis = "there is no Redis";
    private const string NoNews = "this version sends no notifications; 'caur queue', 'caur build list' and /metrics tell what becomes of builds";
    private const string NoUpload = "builders hand their archives to the hub's gateway, with their token; nothing is to be set for it";
    private const string HubNeedsNoTunnel = "the hub keeps its queue itself and needs no tunnel; the verbs that speak to it use one";

    /// <summary>All of them, by topic.</summary>
    public static IReadOnlyList<FarmVariable> All { get; } =
    [
        new("CAUR_URL", Readers.Verbs, "The gateway's address. Default: http://localhost:8080."),
        new("CAUR_TOKEN", Readers.Verbs, "The token to present.") { IsSecret = true },
        new("CAUR_DATA", Readers.Verbs | Readers.Hub, "The hub's data folder. Default: /var/lib/caur for root, ~/.local/share/caur for others."),
        new("REDIS_HOST", Readers.None, $"{NoRedis}; CAUR_URL is the address of the hub's gateway") { MeantFor = Everybody },
        new("REDIS_PORT", Readers.None, $"{NoRedis}; the gateway's port is part of CAUR_URL, also at the far end of a tunnel") { MeantFor = Everybody },
        new("REDIS_PASSWORD", Readers.None, $"{NoRedis}; CAUR_TOKEN lets a verb in, and 'caur token create --role ci' on the hub's machine makes one")
        {
            MeantFor = Everybody, IsSecret = true,
        },

        new("CAUR_SSH_HOST", Readers.Verbs, "Go to the gateway through a tunnel over this SSH server; 'none' for no tunnel. Before REDIS_SSH_HOST."),
        new("CAUR_SSH_PORT", Readers.Verbs, "Its port. Before REDIS_SSH_PORT. Default: 22."),
        new("CAUR_SSH_USER", Readers.Verbs, "As whom. Before REDIS_SSH_USER. Default: root."),
        new("CAUR_SSH_KEY", Readers.Verbs, "The private key's file. Default: /app/sshkey when it is there, else what ssh finds itself."),
        new("CAUR_SSH_KNOWN_HOSTS", Readers.Verbs, "The file that must hold the SSH server's key. Default: ssh's own; a new server is trusted at first sight, a changed key never."),
        new("REDIS_SSH_HOST", Readers.Verbs, "The same as CAUR_SSH_HOST.") { MeantFor = Everybody, Elsewhere = HubNeedsNoTunnel },
        new("REDIS_SSH_PORT", Readers.Verbs, "The same as CAUR_SSH_PORT.") { MeantFor = Everybody, Elsewhere = HubNeedsNoTunnel },
        new("REDIS_SSH_USER", Readers.Verbs, "The same as CAUR_SSH_USER.") { MeantFor = Everybody, Elsewhere = HubNeedsNoTunnel },

        new("CI_BUILDS_DIR", Readers.Verbs, "Where 'schedule' finds .ci/deptree.txt."),
        new("GITHUB_WORKSPACE", Readers.Verbs, "The same, when CI_BUILDS_DIR is not set."),
        new("NO_COLOR", Readers.Verbs, "No colours."),
        new("CAUR_DEBUG", Readers.Verbs, "Show where in the code something failed that should not have."),

        new("PACKAGE_REPOS", Readers.Hub, "The source repositories, as JSON."),
        new("PACKAGE_TARGET_REPOS", Readers.Hub, "The target repositories, as JSON."),
        new("PACKAGE_REPOS_NOTIFIERS", Readers.None, NoNews) { MeantFor = Readers.Hub, IsSecret = true },
        new("LOGS_URL", Readers.Hub, "The log viewer's address, for links."),
        new("REPO_PATH", Readers.Hub, "The folder of the target repositories. Default: repos in the data folder."),
        new("LANDING_ZONE_PATH", Readers.Hub, "The folder for archives between build and publication. Default: landing in the data folder."),
        new("GPG_PATH", Readers.Hub, "gpg's home with the signing key. Default: keys in the data folder."),
        new("CAUR_SIGNING_KEY", Readers.Hub, "The fingerprint of the key that signs. Default: the only one there."),
        new("PACKAGER", Readers.Hub, "Written into packages."),
        new("CAUR_REPOSITORY_URL", Readers.Hub, "Where build containers reach the gateway."),
        new("CAUR_STALL_TIMEOUT", Readers.Hub, "Seconds that a build may say nothing; 0 for ever. Default: 1800."),
        new("DATABASE_HOST", Readers.None, NoUpload) { MeantFor = HubAndBuilder },
        new("DATABASE_PORT", Readers.None, NoUpload) { MeantFor = HubAndBuilder },
        new("DATABASE_USER", Readers.None, NoUpload) { MeantFor = HubAndBuilder },
        new("LANDING_ZONE_ADVERTISED_PATH", Readers.None, NoUpload) { MeantFor = Readers.Hub },
        new("TELEGRAM_BOT_TOKEN", Readers.None, NoNews) { MeantFor = Readers.Hub, IsSecret = true },
        new("TELEGRAM_CHAT_ID", Readers.None, NoNews) { MeantFor = Readers.Hub },
        new("API_TOKEN", Readers.None, "tokens have roles; 'caur token create' makes as many as are wanted, and the hub writes its first into the data folder")
        {
            MeantFor = Readers.Hub, IsSecret = true,
        },
        new("TRUST_PROXY", Readers.None, "the hub believes no header about where a request comes from; nothing depends on it") { MeantFor = Readers.Hub },
        new("NO_HTTP_LOG", Readers.None, "the hub writes no access log") { MeantFor = Readers.Hub },

        new("BUILDER_IMAGE", Readers.Hub, "The image that builds run in."),
        new("CAUR_BUILDER_IMAGE", Readers.Hub, "The same, when BUILDER_IMAGE is not set."),
        new("CAUR_SLOTS", Readers.Hub, "How many builds run in the hub's process at the same time; 0 for none. Default: half the processors."),
        new("BUILDER_HOSTNAME", Readers.Builder, "The builder's name, in logs and in 'caur builder list'."),
        new("BUILDER_CLASS", Readers.Builder, "Its class, a number or a name. Default: 2."),
        new("BUILDER_TIMEOUT", HubAndBuilder, "Seconds that a build may take. Default: 3600."),
        new("BUILDER_LIMITS_CPUS", Readers.Builder, "Processors per build."),
        new("BUILDER_LIMITS_RAM", Readers.Builder, "MiB of memory per build."),
        new("CI_CODE_SKIP", Readers.Builder, "The exit code by which a build says that it is skipped. Default: 123."),
        new("SHARED_PATH", Readers.Builder, "The builder's workspace as the container engine sees it."),
        new("BUILDER_SRCDEST_CACHE_OVERRIDE", Readers.None, "cached sources are in the builder's workspace; SHARED_PATH moves it") { MeantFor = Readers.Builder },
        new("BUILDER_BUILD_DIR_HOST", Readers.None, "builds run in the builder's workspace; SHARED_PATH moves it") { MeantFor = Readers.Builder },
        new("BUILDER_BUILD_DIR_MANAGER", Readers.None, "builds run in the builder's workspace; SHARED_PATH moves it") { MeantFor = Readers.Builder },
        new("BUILDER_IS_HPC", Readers.None, "no builder ends after one build; builds run in the hub's process, CAUR_SLOTS at a time") { MeantFor = Readers.Builder },
        new("NODE_ENV", Readers.None, "an image that is here is used when it cannot be pulled; nothing is to be set for development") { MeantFor = HubAndBuilder },
        new("CONTAINER_ENGINE", Readers.Builder, "'podman' looks for podman's socket first."),
        new("DOCKER_SOCKET", Readers.Builder, "The container engine's socket."),
        new("DOCKER_HOST", Readers.Builder, "The container engine's address."),
        new("CONTAINER_HOST", Readers.Builder, "The container engine's address, podman's way."),
    ];

    /// <summary>Those that are set.</summary>
    public static IEnumerable<FarmVariable> Set(Func<string, string?> variable) => All.Where(one => variable(one.Name) is { Length: > 0 });

    /// <summary>What to tell somebody about variables that are set and that do not do for them what the manual says.</summary>
    public static IEnumerable<string> Notes(Func<string, string?> variable, Readers who) =>
        Set(variable).Select(one => one.NoteFor(who)).OfType<string>();
}
