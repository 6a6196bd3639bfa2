namespace Orleans.Runtime
{
    /// <summary>Something that the engine, not the application, says.</summary>
    public class OrleansException : Exception
    {
        /// <summary>An exception without words.</summary>
        public OrleansException()
        {
        }

        /// <summary>An exception in words.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>An exception in words, with its cause.</summary>
        public OrleansException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A call was not taken; it may be repeated.</summary>
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The host of the grain is not there: for the embedded engine, it has stopped.</summary>
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>An exception without further words.</summary>
        public SiloUnavailableException()
            : base("SiloUnavailable")
        {
        }

        /// <summary>An exception in words.</summary>
        public SiloUnavailableException(string msg)
            : base(msg)
        {
        }

        /// <summary>An exception in words, with its cause.</summary>
        public SiloUnavailableException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The observer that was called is gone.</summary>
    public sealed class ClientNotAvailableException : OrleansException
    {
        internal ClientNotAvailableException(string message)
            : base(message)
        {
        }
    }
}

namespace Orleans.Serialization
{
    /// <summary>A value cannot travel in a message.</summary>
    public class SerializerException : Exception
    {
        /// <summary>An exception without words.</summary>
        public SerializerException()
        {
        }

        /// <summary>An exception in words.</summary>
        public SerializerException(string message)
            : base(message)
        {
        }

        /// <summary>An exception in words, with its cause.</summary>
        public SerializerException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The type of a value may not travel in a message; the text names it and where it was met.</summary>
    public sealed class CodecNotFoundException : SerializerException
    {
        /// <summary>An exception in words.</summary>
        public CodecNotFoundException(string message)
            : base(message)
        {
        }
    }
}
