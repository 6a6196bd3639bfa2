namespace Caur.Pipelines.Git;

/// <summary>How git is started: nothing of a repository runs, nothing asks, and no secret stands in a command line.</summary>
internal static class GitEnvironment
{
    private const string Password = "CAUR_GIT_PASSWORD";
    private const string User = "CAUR_GIT_USER";

    /// <summary>Reads the secret from the environment of the git that starts it.</summary>
    private const string Helper = $"!f() {{ test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"${User}\" \"${Password}\"; }}; f";

    private static readonly string[] Common =
    [
        "-c", "core.hooksPath=/dev/null",
        "-c", "core.fsmonitor=false",
        "-c", "safe.directory=*",
        "-c", "submodule.recurse=false",
        "-c", "fetch.recurseSubmodules=false",
        "-c", "push.recurseSubmodules=no",
        "-c", "protocol.ext.allow=never",
        "-c", "log.showSignature=false",
        "-c", "i18n.logOutputEncoding=UTF-8",
        "-c", "core.quotePath=false",
    ];

    /// <summary>The variables to set, or to unset by null.</summary>
    public static Dictionary<string, string?> Of(GitCredential? credential)
    {
        var variables = new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh",
            ["GIT_NO_REPLACE_OBJECTS"] = "1",
            ["SSH_ASKPASS_REQUIRE"] = "never",
            ["LC_ALL"] = "C",

            // Of a hook that started this process: they would lead git elsewhere.
            ["GIT_DIR"] = null,
            ["GIT_WORK_TREE"] = null,
            ["GIT_INDEX_FILE"] = null,
            ["GIT_OBJECT_DIRECTORY"] = null,
            ["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = null,
            ["GIT_NAMESPACE"] = null,
            ["GIT_PREFIX"] = null,
            ["GIT_TEMPLATE_DIR"] = null,
            ["GIT_EXTERNAL_DIFF"] = null,

            // What they write may show what is kept secret.
            ["GIT_TRACE"] = null,
            ["GIT_TRACE_CURL"] = null,
            ["GIT_TRACE_PACKET"] = null,
            ["GIT_CURL_VERBOSE"] = null,
        };
        if (credential is not null)
        {
            variables[User] = credential.User;
            variables[Password] = credential.Password;
            variables["GIT_ASKPASS"] = null;
            variables["SSH_ASKPASS"] = null;
        }

        return variables;
    }

    /// <summary>What stands before a command.</summary>
    public static IEnumerable<string> Settings(GitCredential? credential) => credential is null
        ? Common
        :
        [
            .. Common,
            "-c", "credential.helper=",
            "-c", "core.askPass=",
            "-c", $"credential.{credential.Server}.helper={Helper}",

            // A checkout may have left another's password, which would be sent before anybody is asked.
            "-c", $"http.{credential.Server}/.extraHeader=",
        ];
}
