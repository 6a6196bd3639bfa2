namespace Caur.Pacman;

/// <summary>Carries a fault from the depth of a reader to its public method, which turns it into a result.</summary>
internal sealed class FormatFaultException(FormatError error, Exception? inner = null) : IOException(error.ToString(), inner)
{
    public FormatFaultException(FormatErrorCode code, string message, Exception? inner = null)
        : this(new FormatError(code, message), inner)
    {
    }

    public FormatError Error { get; } = error;

    /// <summary>Runs a reader; what it says of its input becomes a result, everything else goes on as an exception.</summary>
    public static FormatResult<T> Catch<T>(Func<T> read)
        where T : class
    {
        try
        {
            return FormatResult<T>.Of(read());
        }
        catch (FormatFaultException fault)
        {
            return FormatResult<T>.Refused(fault.Error);
        }
    }
}
