using Caur.Silo.Configuration;

namespace Caur.Silo.Settings;

/// <summary>Every environment variable of the manual's system and of ours, with what becomes of it. Those of the hub's own settings come
/// from <see cref="SettingTable"/>; the others stand in docs/command-line.md too, and a test compares them.</summary>
internal static class FarmVariables
{
    private const Readers Everybody = Readers.Verbs | Readers.Hub | Readers.Builder;
    private const Readers Clients = Readers.Verbs | Readers.Builder;
    private const Readers Callers = Clients | Readers.Web;
    private const Readers Builders = Readers.Hub | Readers.Builder;
    private const string NoRedis = "there is no Redis";
    private const string NoTunnel = "the hub keeps its queue itself and needs no tunnel; the verbs that speak to it use one";
    private const string OneWorkspace = "sources and builds are in the builder's workspace; SHARED_PATH moves it";

    /// <summary>Those that the verbs read, and those of the manual that are answered instead of honoured.</summary>
    public static IReadOnlyList<FarmVariable> OfVerbsAndManual { get; } =
    [
        new("CAUR_URL", Callers, "The gateway's address. Default: http://localhost:8080."),
        new("CAUR_TOKEN", Clients, "The token to present."),
        new("CAUR_TOKEN_FILE", Readers.Builder, "A file that holds the builder's token; read anew for each connection."),
        new("CAUR_SSH_HOST", Callers, "Go to the gateway through a tunnel over this SSH server; 'none' for no tunnel. Before REDIS_SSH_HOST."),
        new("CAUR_SSH_PORT", Callers, "Its port. Before REDIS_SSH_PORT. Default: 22."),
        new("CAUR_SSH_USER", Callers, "As whom. Before REDIS_SSH_USER. Default: root."),
        new("CAUR_SSH_KEY", Callers, "The private key's file, of a builder also for SFTP. Default: /app/sshkey when it is there, else what ssh finds itself."),
        new("CAUR_SSH_KNOWN_HOSTS", Callers, "The file that must hold the SSH server's key. Default: ssh's own; a new server is trusted at first sight, a changed key never."),
        new("REDIS_SSH_HOST", Callers, "The same as CAUR_SSH_HOST.") { MeantFor = Everybody | Readers.Web, Elsewhere = NoTunnel },
        new("REDIS_SSH_PORT", Callers, "The same as CAUR_SSH_PORT.") { MeantFor = Everybody | Readers.Web, Elsewhere = NoTunnel },
        new("REDIS_SSH_USER", Callers, "The same as CAUR_SSH_USER.") { MeantFor = Everybody | Readers.Web, Elsewhere = NoTunnel },
        new("CAUR_CONFIG", Readers.Hub, "The hub's configuration file. Default: caur.json in the data folder, else /etc/caur/caur.json."),
        new("CI_BUILDS_DIR", Readers.Verbs, "Where 'schedule' finds .ci/deptree.txt."),
        new("GITHUB_WORKSPACE", Readers.Verbs, "The same, when CI_BUILDS_DIR is not set."),
        new("ACCESS_TOKEN", Readers.Verbs, "For 'ci': what git tells its server, where that is reached over HTTP and asks for a password."),
        new("ACCESS_TOKEN_FILE", Readers.Verbs, "A file that holds ACCESS_TOKEN."),
        new("CI_COMMIT_BRANCH", Readers.Verbs, "For 'ci', of GitLab: the branch of the job's commit."),
        new("GITHUB_REF", Readers.Verbs, "For 'ci', of GitHub: the same."),
        new("GITLAB_CI", Readers.Verbs, "For 'ci': CI_PIPELINE_ID is GitLab's."),
        new("CI_PIPELINE_ID", Readers.Verbs, "For 'ci', of GitLab: the pipeline that builds are of, for commit statuses."),
        new("CI_PIPELINE_URL", Readers.Verbs, "For 'ci', of GitLab: the page of the pipeline, which is told."),
        new("GITHUB_RUN_ID", Readers.Verbs, "For 'ci', of GitHub: the run; its page is told, with GITHUB_SERVER_URL and GITHUB_REPOSITORY."),
        new("GITHUB_SERVER_URL", Readers.Verbs, "For 'ci', of GitHub: its address."),
        new("GITHUB_REPOSITORY", Readers.Verbs, "For 'ci', of GitHub: the project, where pull requests are made."),
        new("TRIGGER", Readers.Verbs, "For 'ci on-schedule': the same as --trigger."),
        new("PACKAGES", Readers.Verbs, "For 'ci schedule', 'add', 'drop' and 'bump' without names: the names, with : or blanks between them; 'all' for 'schedule'."),
        new("CAUR_DRY_RUN", Readers.Verbs, "For 'ci': 'true' is the same as --dry-run."),
        new("AUR_KEY", Readers.Verbs, "For 'ci on-schedule': the private key of whoever keeps packages in the AUR (CI_MANAGE_AUR)."),
        new("CAUR_COMPLETION_MS", Readers.Verbs, "How many milliseconds completion waits for names from the farm. Default: 300."),
        new("NO_COLOR", Readers.Verbs, "No colours."),
        new("CAUR_DEBUG", Readers.Verbs, "Show where in the code something failed that should not have."),

        new("REDIS_HOST", Readers.None, $"{NoRedis}; CAUR_URL is the address of the hub's gateway") { MeantFor = Everybody },
        new("REDIS_PORT", Readers.None, $"{NoRedis}; the gateway's port is part of CAUR_URL, also at the far end of a tunnel") { MeantFor = Everybody },
        new("REDIS_PASSWORD", Readers.None, $"{NoRedis}; CAUR_TOKEN lets a verb in, and 'caur token create --role ci' on the hub's machine makes one") { MeantFor = Everybody },
        new("API_TOKEN", Readers.None, "tokens have roles; 'caur token create' makes as many as are wanted, and the hub writes its first into the data folder") { MeantFor = Readers.Hub },
        new("TRUST_PROXY", Readers.None, "CAUR_TRUSTED_PROXIES lists the proxies that are believed") { MeantFor = Readers.Hub | Readers.Web },
        new("NO_HTTP_LOG", Readers.None, "there is no access log") { MeantFor = Readers.Hub | Readers.Web },
        new("BUILDER_SRCDEST_CACHE_OVERRIDE", Readers.None, OneWorkspace) { MeantFor = Builders },
        new("BUILDER_BUILD_DIR_HOST", Readers.None, OneWorkspace) { MeantFor = Builders },
        new("BUILDER_BUILD_DIR_MANAGER", Readers.None, OneWorkspace) { MeantFor = Builders },
        new("BUILDER_IS_HPC", Readers.None, "'caur builder --once' takes one build and ends") { MeantFor = Builders },
        new("NODE_ENV", Readers.None, "an image that is here is used when it cannot be pulled; nothing is to be set for development") { MeantFor = Builders },
    ];

    /// <summary>All of them. What has become a setting of the hub's is that.</summary>
    public static IReadOnlyList<FarmVariable> All { get; } = [.. SettingTable.All.SelectMany(OfSetting).UnionBy(OfVerbsAndManual, one => one.Name)];

    /// <summary>Those that are set.</summary>
    public static IEnumerable<FarmVariable> Set(Func<string, string?> variable) => All.Where(one => variable(one.Name) is { Length: > 0 });

    /// <summary>What to tell somebody about variables that are set and that do not do for them what the manual says.</summary>
    public static IEnumerable<string> Notes(Func<string, string?> variable, Readers who) =>
        Set(variable).Select(one => one.NoteFor(who)).OfType<string>();

    /// <summary>The variables of one of the hub's settings. What the verbs read too, they read for the same.</summary>
    private static IEnumerable<FarmVariable> OfSetting(Setting setting)
    {
        var readers = setting.Variable == "CAUR_DATA" ? Everybody
            : SettingTable.OfBuilders.Contains(setting) ? Builders
            : setting.Name.StartsWith("web.", StringComparison.Ordinal) ? Readers.None
            : Readers.Hub;
        readers |= SettingTable.OfWeb.Contains(setting) ? Readers.Web : Readers.None;
        var meaning = setting.Meaning.Replace("`", "", StringComparison.Ordinal);
        return setting.Variables.Select(name => new FarmVariable(name, readers, name == setting.Variable ? meaning : $"{meaning} The same as {setting.Variable}."))
            .Concat(setting.MayBeInFile ? [new FarmVariable($"{setting.Variable}_FILE", readers, $"A file that holds {setting.Variable}.")] : []);
    }
}
